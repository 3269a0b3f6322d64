import type { Worker } from 'node:cluster';
import type { MetricsSnapshot } from '@products/telemetry';

/** Messages of a worker to the primary process. */
export type WorkerMessage =
  | { readonly kind: 'listening'; readonly url: string }
  /** Sent every second, at the stop, and as the answer to `report`, with its round. */
  | { readonly kind: 'metrics'; readonly snapshot: MetricsSnapshot; readonly round?: number }
  /** Asks for the metrics of all workers. */
  | { readonly kind: 'collect'; readonly id: number };

/** Messages of the primary process to a worker. */
export type PrimaryMessage =
  | { readonly kind: 'stop' }
  | { readonly kind: 'report'; readonly round: number }
  /** The answer to `collect`. */
  | { readonly kind: 'collected'; readonly id: number; readonly snapshot: MetricsSnapshot };

/** Sends a message to a worker, which may be exiting. */
export function tell(worker: Worker, message: PrimaryMessage): void {
  if (worker.isConnected()) worker.send(message, () => {});
}
