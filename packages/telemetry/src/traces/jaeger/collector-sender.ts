import { JaegerExporter } from '@opentelemetry/exporter-jaeger';
import { createHttpExport } from '../../http-export.js';
import { createHttpSender, type SpanSender, spanSignal } from '../span-sender.js';

/** What exporter-jaeger hands on to its sender, beside what its own types know. */
type ExporterConfig = ConstructorParameters<typeof JaegerExporter>[0] & { readonly maxSpanBatchSize: number };

/** Sends spans to a Jaeger collector, as Thrift over HTTP. A batch is one request, so that its answer is the batch's. */
export function createCollectorSender(
  { url, authorization }: { readonly url: string; readonly authorization: string | undefined },
  timeoutMs: number,
): SpanSender {
  const config: ExporterConfig = { endpoint: url, maxSpanBatchSize: Number.POSITIVE_INFINITY };
  const createExporter = () => new JaegerExporter(config);
  return createHttpSender(createHttpExport({ url, signal: spanSignal, timeoutMs, authorization, createExporter }));
}
