import type { Worker } from 'node:cluster';
import { type MetricsSnapshot, mergeSnapshots, retainCounts } from '@products/telemetry';
import { withTimeout } from '../with-timeout.js';
import { tell } from './messages.js';

/** How long a worker may take to report; then its last report counts. */
const REPORT_TIMEOUT_MS = 500;

/** The metrics of all workers. The counts of those that exited stay, so that no total ever goes down. */
export class WorkerMetrics {
  readonly #latest = new Map<number, MetricsSnapshot>();
  /** Waiting for a round of reports, by worker and round. */
  readonly #awaited = new Map<string, () => void>();
  #ended: MetricsSnapshot = { families: [], exemplars: [] };
  #round = 0;

  report(workerId: number, snapshot: MetricsSnapshot, round?: number): void {
    this.#latest.set(workerId, snapshot);
    this.#awaited.get(`${workerId} ${round}`)?.();
  }

  /** Forgets a worker that has exited; its counts stay in the totals. */
  forget(workerId: number): void {
    const last = this.#latest.get(workerId);
    this.#latest.delete(workerId);
    if (last !== undefined) this.#ended = mergeSnapshots([this.#ended, retainCounts(last)]);
  }

  /**
   * The totals of all workers at this moment.
   *
   * @param primary the primary process's own metrics
   */
  async collect(workers: Iterable<Worker>, primary: MetricsSnapshot): Promise<MetricsSnapshot> {
    this.#round += 1;
    await Promise.all([...workers].map((worker) => this.#ask(worker, this.#round)));
    return mergeSnapshots([...this.#latest.values(), this.#ended, retainCounts(primary)]);
  }

  async #ask(worker: Worker, round: number): Promise<void> {
    const key = `${worker.id} ${round}`;
    const { promise: reported, resolve } = Promise.withResolvers<void>();
    this.#awaited.set(key, resolve);
    tell(worker, { kind: 'report', round });
    await withTimeout(reported, REPORT_TIMEOUT_MS).catch(() => {});
    this.#awaited.delete(key);
  }
}
