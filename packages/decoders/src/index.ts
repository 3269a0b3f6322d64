export { decodeOtlpLogs, decodeOtlpTraces } from './otlp.js';
export { type Line, type Span, type SpanLog, type Tag, tagOf } from './span.js';
export { decodeBatch, decodeMessage, decodePacket, type Encoding } from './thrift.js';
