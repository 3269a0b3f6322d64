import type { tracing } from '@opentelemetry/sdk-node';

/** What became of a batch of spans. */
export interface SendResult {
  readonly sent: number;
  /** Why the others were not sent; undefined when all were. */
  readonly problem?: string;
}

/** Gets spans out of the process; never rejects. */
export interface SpanSender {
  send(spans: readonly tracing.ReadableSpan[]): Promise<SendResult>;
  close(): Promise<void>;
}

/** An exporter of OpenTelemetry's as a sender: it takes all spans of a batch or none. */
export function asSender(exporter: tracing.SpanExporter): SpanSender {
  return {
    send: (spans) =>
      new Promise((resolve) => {
        exporter.export([...spans], ({ code, error }) => {
          const isSent = code === 0;
          resolve(isSent ? { sent: spans.length } : { sent: 0, problem: error?.message ?? 'export refusé' });
        });
      }),
    close: () => exporter.shutdown(),
  };
}
