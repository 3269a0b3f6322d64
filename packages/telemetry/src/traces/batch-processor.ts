import { context, ROOT_CONTEXT, TraceFlags } from '@opentelemetry/api';
import type { tracing } from '@opentelemetry/sdk-node';
import { withDeadline } from '../deadline.js';
import type { BatchSettings } from '../settings.js';
import type { SpanSender } from './span-sender.js';

/** Estimated; a receiver that hangs must not cost more. */
const QUEUE_BYTES_MAX = 16 * 1_048_576;
/** Of a span beside its attributes and events. */
const SPAN_BYTES = 1_000;
const WARN_EVERY_MS = 60_000;
const SHUTDOWN_TIMEOUT_MS = 1_500;

/** The outcome of the spans that this process has ended. */
export interface SpanCounts {
  exported: number;
  dropped: number;
}

export interface BatchProcessorOptions {
  readonly sender: SpanSender;
  readonly settings: Pick<BatchSettings, 'delayMs' | 'queueSpansMax' | 'batchSpansMax'>;
  readonly counts: SpanCounts;
  /** Called with the reason when spans are dropped, at most once a minute. */
  readonly warn: (problem: string) => void;
}

/**
 * Sends ended spans in batches. Requests never wait for the receiver: spans that it does not take in time are dropped and
 * counted.
 */
export class BatchProcessor implements tracing.SpanProcessor {
  readonly #options: BatchProcessorOptions;
  readonly #batchSpansMax: number;
  readonly #queue: tracing.ReadableSpan[] = [];
  /** Of the queue and of the spans that have been sent and not yet taken. */
  #bytes = 0;
  /** Spans that have been sent and not yet taken. */
  #sentSpans = 0;
  #isShutDown = false;
  /** Spans of the queue that leave though they fill no batch. */
  #dueSpans = 0;
  readonly #sending = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
  #warnedAt = Number.NEGATIVE_INFINITY;

  constructor(options: BatchProcessorOptions) {
    const { sender, settings } = options;
    this.#options = options;
    this.#batchSpansMax = Math.min(settings.batchSpansMax, sender.batchSpansMax ?? Number.POSITIVE_INFINITY);
  }

  onStart(): void {}

  onEnd(span: tracing.ReadableSpan): void {
    if ((span.spanContext().traceFlags & TraceFlags.SAMPLED) === 0) return;
    const bytes = estimateBytes(span);
    const { queueSpansMax, delayMs } = this.#options.settings;
    if (this.#queue.length >= queueSpansMax || this.#bytes + bytes > QUEUE_BYTES_MAX) {
      this.#drop(1, `plus de ${this.#queue.length} spans en attente`);
      return;
    }
    this.#queue.push(span);
    this.#bytes += bytes;
    this.#timer ??= setTimeout(() => void this.forceFlush(), delayMs).unref();
    this.#sendBatches();
  }

  /** Resolves when all spans that ended before have been sent or dropped. */
  async forceFlush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#dueSpans = this.#queue.length;
    this.#sendBatches();
    while (this.#dueSpans > 0) await Promise.race(this.#sending);
    await Promise.all(this.#sending);
  }

  /** Sends the spans that are left. Those that the receiver does not take in 1.5 s are dropped and do not hold up the stop. */
  async shutdown(): Promise<void> {
    await withDeadline(this.forceFlush(), SHUTDOWN_TIMEOUT_MS, undefined);
    this.#isShutDown = true;
    const lost = this.#queue.splice(0).length + this.#sentSpans;
    if (lost > 0) this.#drop(lost, 'le récepteur ne les a pas pris avant l’arrêt');
    void this.#options.sender.close().catch(() => {});
  }

  /** Full batches, and what is due: packets that are not full cost as much as others. */
  #sendBatches(): void {
    const { concurrency } = this.#options.sender;
    while (this.#sending.size < concurrency && (this.#dueSpans > 0 || this.#queue.length >= this.#batchSpansMax)) {
      const batch = this.#queue.splice(0, this.#batchSpansMax);
      this.#dueSpans = Math.max(0, this.#dueSpans - batch.length);
      // In no request's context: the span that sets it off is one of many.
      const sending = context
        .with(ROOT_CONTEXT, () => this.#send(batch))
        .finally(() => {
          this.#sending.delete(sending);
          this.#sendBatches();
        });
      this.#sending.add(sending);
    }
  }

  async #send(batch: readonly tracing.ReadableSpan[]): Promise<void> {
    this.#sentSpans += batch.length;
    const { sent, problem } = await this.#options.sender.send(batch);
    for (const span of batch) this.#bytes -= estimateBytes(span);
    // Counted as dropped at the shutdown.
    if (this.#isShutDown) return;
    this.#sentSpans -= batch.length;
    this.#options.counts.exported += sent;
    if (problem !== undefined) this.#drop(batch.length - sent, problem);
  }

  #drop(spans: number, problem: string): void {
    this.#options.counts.dropped += spans;
    const now = performance.now();
    if (now - this.#warnedAt < WARN_EVERY_MS) return;
    this.#warnedAt = now;
    // In no request's context, as above.
    context.with(ROOT_CONTEXT, () => this.#options.warn(problem));
  }
}

/** The memory of a span, mostly that of its texts. */
function estimateBytes({ attributes, events }: tracing.ReadableSpan): number {
  let bytes = SPAN_BYTES;
  for (const name in attributes) bytes += textLength(attributes[name]);
  for (const event of events) for (const name in event.attributes) bytes += textLength(event.attributes[name]);
  return bytes;
}

function textLength(value: unknown): number {
  return typeof value === 'string' ? value.length : 0;
}
