import type { tracing } from '@opentelemetry/sdk-node';

/** What became of a batch of spans. */
export interface SendResult {
  readonly sent: number;
  /** Why the others were not sent; undefined when all were. */
  readonly problem?: string;
}

/** Gets spans out of the process; never rejects. */
export interface SpanSender {
  /** How many batches may be on their way at once. */
  readonly concurrency: number;
  send(spans: readonly tracing.ReadableSpan[]): Promise<SendResult>;
  close(): Promise<void>;
}

/** How long a receiver may take for a batch: exporter-jaeger would wait for ever. */
const SEND_TIMEOUT_MS = 10_000;

/**
 * An exporter of OpenTelemetry's as a sender: it takes all spans of a batch or none. One that does not answer is thrown
 * away with its connections, and made anew.
 */
export function asSender(createExporter: () => tracing.SpanExporter): SpanSender {
  let exporter = createExporter();
  const discard = () => {
    exporter.shutdown().catch(() => {});
    exporter = createExporter();
  };
  return {
    concurrency: 1,
    send: async (spans) => {
      const { promise, resolve } = Promise.withResolvers<SendResult>();
      const timer = setTimeout(() => {
        resolve({ sent: 0, problem: `pas de réponse en ${SEND_TIMEOUT_MS / 1_000} s` });
        discard();
      }, SEND_TIMEOUT_MS).unref();
      exporter.export([...spans], ({ code, error }) => {
        clearTimeout(timer);
        resolve(code === 0 ? { sent: spans.length } : { sent: 0, problem: error?.message ?? 'export refusé' });
      });
      return promise;
    },
    close: () => exporter.shutdown(),
  };
}
