// What the clients of a service see while something happens to it.
import { setTimeout as sleep } from 'node:timers/promises';
import { post } from '../backend.js';
import { type Outcome, Outcomes } from '../load-client.js';

/** Between two requests of one client. */
const PAUSE_MS = 20;

interface Answer {
  readonly kind: 'read' | 'write';
  readonly outcome: Outcome;
  readonly sentAt: number;
  readonly receivedAt: number;
}

const isSuccess = ({ outcome }: Answer) => outcome === 200 || outcome === 201;

export interface ClientView {
  /** The names of acknowledged products. */
  readonly acknowledged: readonly string[];
  /** Of all answers; a 503 without `Retry-After` is told apart. */
  readonly outcomes: Outcomes;
  /** When the first success came of a request that was sent after this moment. */
  firstSuccess(kind: Answer['kind'], after: number): number | undefined;
  /** One line about the requests sent in this time. */
  describe(kind: Answer['kind'], from: number, to: number): string;
  stop(): Promise<void>;
}

/**
 * Starts clients that each read, or each write, again and again.
 *
 * @param category of the products that they write
 */
export function watchAsClients(
  url: string,
  category: string,
  clients: { readonly read: number; readonly write: number },
): ClientView {
  const answers: Answer[] = [];
  const acknowledged: string[] = [];
  let isOver = false;
  let sequence = 0;
  const send = {
    read: () => fetch(`${url}/products?limit=5`),
    write: async () => {
      sequence += 1;
      const name = `product ${sequence}`;
      const response = await fetch(`${url}/products`, post({ name, price: 1, category }));
      if (response.status === 201) acknowledged.push(name);
      return response;
    },
  };
  const ask = async (kind: Answer['kind']): Promise<Outcome> => {
    try {
      const response = await send[kind]();
      await response.arrayBuffer();
      const { status, headers } = response;
      return status === 503 && !/^\d+$/.test(headers.get('retry-after') ?? '') ? '503 without Retry-After' : status;
    } catch (error) {
      return String((error as Error).cause ?? error);
    }
  };
  const load = (['read', 'write'] as const).flatMap((kind) =>
    Array.from({ length: clients[kind] }, async () => {
      while (!isOver) {
        const sentAt = performance.now();
        const outcome = await ask(kind);
        answers.push({ kind, outcome, sentAt, receivedAt: performance.now() });
        await sleep(PAUSE_MS);
      }
    }),
  );
  const successes = (kind: Answer['kind']) => answers.filter((answer) => answer.kind === kind && isSuccess(answer));
  /** Between two successes, one of which may lie outside of this time. */
  const longestGapMs = (kind: Answer['kind'], from: number, to: number) => {
    const times = successes(kind).map(({ receivedAt }) => receivedAt);
    const gaps = times.slice(1).map((time, index) => ({ from: times[index] ?? time, to: time }));
    return Math.max(0, ...gaps.filter((gap) => gap.to > from && gap.from < to).map((gap) => gap.to - gap.from));
  };
  return {
    acknowledged,
    get outcomes() {
      const outcomes = new Outcomes();
      for (const { outcome } of answers) outcomes.add(outcome);
      return outcomes;
    },
    firstSuccess: (kind, after) => successes(kind).find(({ sentAt }) => sentAt > after)?.receivedAt,
    describe: (kind, from, to) => {
      const sent = answers.filter((answer) => answer.kind === kind && answer.sentAt >= from && answer.sentAt < to);
      const outcomes = new Outcomes();
      for (const { outcome } of sent) outcomes.add(outcome);
      const slowest = Math.max(...sent.map(({ sentAt, receivedAt }) => receivedAt - sentAt));
      const gap = longestGapMs(kind, from, to);
      return `${kind}s: ${outcomes}; longest time without success ${gap.toFixed(0)} ms; slowest answer ${slowest.toFixed(0)} ms`;
    },
    stop: async () => {
      isOver = true;
      await Promise.all(load);
    },
  };
}
