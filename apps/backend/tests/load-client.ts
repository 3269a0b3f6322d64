// Clients that keep their connections and notice how they break.
import { type Agent, request as httpRequest } from 'node:http';

/** Status of the answer, or code of what broke the connection. */
export type Outcome = number | string;

export function askOn(agent: Agent, url: string, path: string): Promise<Outcome> {
  return new Promise((resolve) => {
    const request = httpRequest(`${url}${path}`, { agent }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode ?? 0));
      response.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    });
    request.on('error', ({ code }: NodeJS.ErrnoException) =>
      resolve(request.reusedSocket ? `${code} while kept` : `${code}`),
    );
    request.end();
  });
}

/** How often each outcome came. */
export class Outcomes extends Map<Outcome, number> {
  add(outcome: Outcome): void {
    this.set(outcome, this.count(outcome) + 1);
  }

  count(outcome: Outcome): number {
    return this.get(outcome) ?? 0;
  }

  override toString(): string {
    return [...this].map(([outcome, times]) => `${times} × ${outcome}`).join(', ');
  }
}

/**
 * Clients that each ask as soon as they have their answer.
 *
 * @returns how many answers of each kind, answers with 200 a second, and how long each of those took
 */
export async function closedLoop(
  clients: number,
  durationMs: number,
  ask: () => Promise<Outcome>,
): Promise<{ outcomes: Outcomes; perSecond: number; latenciesMs: number[] }> {
  const outcomes = new Outcomes();
  const latenciesMs: number[] = [];
  const until = performance.now() + durationMs;
  await Promise.all(
    Array.from({ length: clients }, async () => {
      while (performance.now() < until) {
        const startedAt = performance.now();
        const outcome = await ask();
        outcomes.add(outcome);
        if (outcome === 200) latenciesMs.push(performance.now() - startedAt);
      }
    }),
  );
  return { outcomes, perSecond: (outcomes.count(200) / durationMs) * 1_000, latenciesMs };
}

/**
 * Clients that send requests at a fixed rate, whether or not earlier ones are answered; beyond a number of waiting ones
 * none is sent. Resolves when all are answered.
 */
export async function openLoop(
  perSecond: number,
  waitingMax: number,
  durationMs: number,
  ask: () => Promise<Outcome>,
): Promise<{ sent: number; tookMs: number; outcomes: Outcomes; latenciesMs: Map<Outcome, number[]> }> {
  const outcomes = new Outcomes();
  const latenciesMs = new Map<Outcome, number[]>();
  const pending = new Set<Promise<void>>();
  const startedAt = performance.now();
  let sent = 0;
  while (performance.now() - startedAt < durationMs) {
    const due = ((performance.now() - startedAt) / 1_000) * perSecond;
    for (; sent < due && pending.size < waitingMax; sent += 1) {
      const askedAt = performance.now();
      const one = ask().then((outcome) => {
        outcomes.add(outcome);
        const latencies = latenciesMs.get(outcome) ?? [];
        latencies.push(performance.now() - askedAt);
        latenciesMs.set(outcome, latencies);
        pending.delete(one);
      });
      pending.add(one);
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await Promise.all(pending);
  return { sent, tookMs: performance.now() - startedAt, outcomes, latenciesMs };
}
