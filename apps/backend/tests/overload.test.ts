import { Agent } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { startOnSamples } from './backend.js';
import { eventually } from './eventually.js';
import { askOn, closedLoop, Outcomes, openLoop } from './load-client.js';
import { inGateOrSoak, percentile, report, SOAK_TIMEOUT_MS } from './soak.js';

// More than it can do, from honest clients and others: it goes on answering.

const OVERLOAD_MS = inGateOrSoak(1_500, 60_000);
const CAPACITY_MS = inGateOrSoak(700, 1_500);
const CLIENTS = 500;
const SLOW_SOCKETS = inGateOrSoak(300, 2_500);
const SCRAPED_MS = inGateOrSoak(700, 20_000);

it(
  'three times as much as it can answer: it goes on answering, refuses the rest, and is back to normal in seconds',
  async () => {
    await using backend = await startOnSamples({ DB_POOL_QUEUE: '50' });
    const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS, maxFreeSockets: CLIENTS });
    const ask = () => askOn(agent, backend.url, '/products/1');
    // All connections are open: only requests are measured.
    await closedLoop(CLIENTS, CAPACITY_MS, ask);
    const { perSecond: capacity } = await closedLoop(50, CAPACITY_MS, ask);
    const { sent, tookMs, outcomes, latenciesMs } = await openLoop(3 * capacity, CLIENTS, OVERLOAD_MS, ask);
    const goodput = (outcomes.count(200) / tookMs) * 1_000;
    const p99 = (outcome: number) => percentile(latenciesMs.get(outcome) ?? [], 0.99).toFixed(0);
    report(
      `overload: capacity ${capacity.toFixed(0)}/s, sent ${((sent / OVERLOAD_MS) * 1_000).toFixed(0)}/s, answered 200 ${goodput.toFixed(0)}/s (${((goodput / capacity) * 100).toFixed(0)} %), ${outcomes}; p99 of 200 ${p99(200)} ms, of 503 ${p99(503)} ms`,
    );
    // New connections may be reset where more wait than the system keeps.
    const unexpected = [...outcomes.keys()].filter((outcome) => ![200, 503, 'ECONNRESET'].includes(outcome));
    expect(unexpected).toEqual([]);
    expect(outcomes.count(200)).toBeGreaterThan(0);
    expect(outcomes.count(503)).toBeGreaterThan(0);
    const normalAt = performance.now();
    await eventually(async () => expect(await ask()).toBe(200));
    report(`overload: normal after ${(performance.now() - normalAt).toFixed(0)} ms`);
    agent.destroy();
  },
  SOAK_TIMEOUT_MS,
);

it(
  'hundreds of sockets that send slowly or nothing: those with half a request are closed in time, and hold up nobody',
  async () => {
    await using backend = await startOnSamples({ REQUEST_TIMEOUT: '1' });
    const { hostname, port } = new URL(backend.url);
    const agent = new Agent({ keepAlive: true });
    const ask = () => askOn(agent, backend.url, '/products/1');
    const alone = await closedLoop(1, 300, ask);
    const head = 'POST /products HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n';
    const halves = Math.floor((SLOW_SOCKETS * 2) / 3);
    let closed = 0;
    const sockets = Array.from({ length: SLOW_SOCKETS }, (_, index) => {
      const socket = connect(Number(port), hostname);
      socket.on('error', () => {});
      socket.on('close', () => {
        closed += 1;
      });
      socket.resume();
      // No head, half a head, half a body.
      if (index % 3 > 0) socket.write(index % 3 === 1 ? head : `${head}Content-Length: 100\r\n\r\n{`);
      return socket;
    });
    const startedAt = performance.now();
    const outcomes = new Outcomes();
    const latenciesMs: number[] = [];
    while (closed < halves && performance.now() - startedAt < 20_000) {
      const part = await closedLoop(1, 100, ask);
      for (const [outcome, times] of part.outcomes) outcomes.set(outcome, outcomes.count(outcome) + times);
      latenciesMs.push(...part.latenciesMs);
    }
    report(
      `slow sockets: ${closed} of ${halves} with half a request closed after ${(performance.now() - startedAt).toFixed(0)} ms; ${outcomes} meanwhile, p99 ${percentile(latenciesMs, 0.99).toFixed(1)} ms, alone ${percentile(alone.latenciesMs, 0.99).toFixed(1)} ms`,
    );
    expect(closed).toBeGreaterThanOrEqual(halves);
    expect([...outcomes.keys()]).toEqual([200]);
    for (const socket of sockets) socket.destroy();
    agent.destroy();
    expect(await backend.stop()).toBe(0);
  },
  SOAK_TIMEOUT_MS,
);

it(
  'a scrape every 100 ms: each is answered, beside the others',
  async () => {
    await using backend = await startOnSamples();
    const agent = new Agent({ keepAlive: true });
    const ask = () => askOn(agent, backend.url, '/products/1');
    await closedLoop(8, 200, ask);
    const alone = await closedLoop(8, SCRAPED_MS, ask);
    const scrapes = new Outcomes();
    const scrapesMs: number[] = [];
    let isOver = false;
    const scraping = (async () => {
      while (!isOver) {
        const startedAt = performance.now();
        scrapes.add(await askOn(agent, backend.url, '/metrics'));
        scrapesMs.push(performance.now() - startedAt);
        await sleep(100);
      }
    })();
    const scraped = await closedLoop(8, SCRAPED_MS, ask);
    isOver = true;
    await scraping;
    report(
      `scrapes: ${scrapes}, p99 ${percentile(scrapesMs, 0.99).toFixed(1)} ms, throughput ${((scraped.perSecond / alone.perSecond) * 100).toFixed(0)} % of that without`,
    );
    expect([...scrapes.keys()]).toEqual([200]);
    expect([...scraped.outcomes.keys()]).toEqual([200]);
    agent.destroy();
    expect(await backend.stop()).toBe(0);
  },
  SOAK_TIMEOUT_MS,
);
