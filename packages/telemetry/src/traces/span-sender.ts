import type { tracing } from '@opentelemetry/sdk-node';
import { withDeadline } from '../deadline.js';

/** The outcome of a batch of spans. */
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
 * An OpenTelemetry exporter as a sender: it takes all spans of a batch or none. One that does not answer is shut down with
 * its connections and replaced.
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
      const exported = new Promise<SendResult>((resolve) => {
        exporter.export([...spans], ({ code, error }) =>
          resolve(code === 0 ? { sent: spans.length } : { sent: 0, problem: error?.message ?? 'export refusé' }),
        );
      });
      const result = await withDeadline(exported, SEND_TIMEOUT_MS, undefined);
      if (result !== undefined) return result;
      discard();
      return { sent: 0, problem: `pas de réponse en ${SEND_TIMEOUT_MS / 1_000} s` };
    },
    close: () => exporter.shutdown(),
  };
}
