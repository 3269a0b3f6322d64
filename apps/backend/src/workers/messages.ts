import type { Worker } from 'node:cluster';
import type { MetricsSnapshot } from '@products/telemetry';

/** What workers tell the primary process. */
export type WorkerMessage =
  | { readonly kind: 'listening'; readonly url: string }
  /** Sent every second, before the end, and as the answer to `report`, whose round it then has. */
  | { readonly kind: 'metrics'; readonly snapshot: MetricsSnapshot; readonly round?: number }
  /** Asks for the metrics of all workers. */
  | { readonly kind: 'collect'; readonly id: number };

/** What the primary process tells its workers. */
export type PrimaryMessage =
  | { readonly kind: 'stop' }
  | { readonly kind: 'report'; readonly round: number }
  /** The answer to `collect`. */
  | { readonly kind: 'collected'; readonly id: number; readonly snapshot: MetricsSnapshot };

/** Sends a message to a worker, which may be just ending. */
export function tell(worker: Worker, message: PrimaryMessage): void {
  if (worker.isConnected()) worker.send(message, () => {});
}
