import { TraceFlags } from '@opentelemetry/api';
import type { tracing } from '@opentelemetry/sdk-node';
import type { SpanSender } from './span-sender.js';

const QUEUE_SPANS_MAX = 8_192;
const BATCH_SPANS_MAX = 512;
const SEND_EVERY_MS = 1_000;
const WARN_EVERY_MS = 60_000;

/** What became of the spans that this process has ended. */
export interface SpanCounts {
  exported: number;
  dropped: number;
}

export interface BatchProcessorOptions {
  readonly sender: SpanSender;
  readonly counts: SpanCounts;
  /** Told at most once a minute that spans are being lost, and why. */
  readonly warn: (problem: string) => void;
}

/**
 * Sends ended spans in batches, one batch at a time. What a slow or absent receiver does not take is dropped and counted;
 * the requests never wait for it.
 */
export class BatchProcessor implements tracing.SpanProcessor {
  readonly #options: BatchProcessorOptions;
  readonly #queue: tracing.ReadableSpan[] = [];
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> | undefined;
  #warnedAt = Number.NEGATIVE_INFINITY;

  constructor(options: BatchProcessorOptions) {
    this.#options = options;
  }

  onStart(): void {}

  onEnd(span: tracing.ReadableSpan): void {
    if ((span.spanContext().traceFlags & TraceFlags.SAMPLED) === 0) return;
    if (this.#queue.length >= QUEUE_SPANS_MAX) {
      this.#drop(1, `plus de ${QUEUE_SPANS_MAX} spans en attente`);
      return;
    }
    this.#queue.push(span);
    if (this.#queue.length >= BATCH_SPANS_MAX) void this.forceFlush();
    else this.#timer ??= setTimeout(() => void this.forceFlush(), SEND_EVERY_MS).unref();
  }

  /** Resolves when all spans that ended before have been sent or dropped. */
  forceFlush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#sending ??= this.#sendAll().finally(() => {
      this.#sending = undefined;
    });
    return this.#sending;
  }

  async shutdown(): Promise<void> {
    await this.forceFlush();
    // There is nothing left to lose: a receiver that cannot be left in order is left all the same.
    await this.#options.sender.close().catch(() => {});
  }

  async #sendAll(): Promise<void> {
    while (this.#queue.length > 0) {
      const batch = this.#queue.splice(0, BATCH_SPANS_MAX);
      const { sent, problem } = await this.#options.sender.send(batch);
      this.#options.counts.exported += sent;
      if (problem !== undefined) this.#drop(batch.length - sent, problem);
    }
  }

  #drop(spans: number, problem: string): void {
    this.#options.counts.dropped += spans;
    const now = Date.now();
    if (now - this.#warnedAt < WARN_EVERY_MS) return;
    this.#warnedAt = now;
    this.#options.warn(problem);
  }
}
