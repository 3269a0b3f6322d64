import type { tracing } from '@opentelemetry/sdk-node';
import type { HttpExport, SendResult, Signal } from '../http-export.js';

/** Gets spans out of the process; never rejects. */
export interface SpanSender {
  /** How many batches may be on their way at once. */
  readonly concurrency: number;
  /** The largest batch that it takes well; as many as are configured, where it does not say. */
  readonly batchSpansMax?: number;
  send(spans: readonly tracing.ReadableSpan[]): Promise<SendResult>;
  close(): Promise<void>;
}

export const spanSignal: Signal = {
  refused: 'spans refusés',
  paths: '/api/traces pour Jaeger, /v1/traces pour OTLP',
  notTaken: 'ce chemin ne prend pas de spans',
  tooLarge: ' : réduisez OTEL_BSP_MAX_EXPORT_BATCH_SIZE',
};

/** One batch at a time, since its answer is the batch's. */
export function createHttpSender({ send, close }: HttpExport<tracing.ReadableSpan[]>): SpanSender {
  return { concurrency: 1, send: (spans) => send([...spans], spans.length), close };
}
