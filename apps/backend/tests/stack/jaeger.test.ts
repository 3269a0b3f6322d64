// Every trace of ten thousand requests in a stock Jaeger, with its own receive buffers, through each of the four ways.
import { readFileSync } from 'node:fs';
import { Agent, request as httpRequest } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Jaeger, type StoredSpan, type StoredTrace, startJaeger } from '@products/programs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ServingProcess, startOnSamples } from '../backend.js';
import { eventually } from '../eventually.js';
import { inGateOrSoak, report, SOAK_TIMEOUT_MS } from '../soak.js';

const REQUESTS = inGateOrSoak(10_000, 100_000);
const STALLED_REQUESTS = inGateOrSoak(4_000, 100_000);
const PER_SECOND = 2_000;
const CONNECTIONS = 32;
/** How many traces are asked for at once. */
const LOOKUPS = 16;

let jaeger: Jaeger;
beforeAll(async () => {
  jaeger = await startJaeger();
}, 1_800_000);
afterAll(() => jaeger?.stop());

/** The ways to Jaeger. */
const ways: readonly (readonly [name: string, configure: () => Readonly<Record<string, string>>])[] = [
  ['UDP, compact', () => ({ JAEGER_AGENT_HOST: jaeger.agentHost, JAEGER_AGENT_PORT: '6831' })],
  ['UDP, binary', () => ({ JAEGER_AGENT_HOST: jaeger.agentHost, JAEGER_AGENT_PORT: '6832' })],
  ['Thrift over HTTP', () => ({ JAEGER_ENDPOINT: jaeger.collectorUrl })],
  ['OTLP', () => ({ OTEL_EXPORTER_OTLP_ENDPOINT: jaeger.otlpUrl })],
];

/** Sends requests at a steady rate over kept connections. Resolves with the trace that each answer names. */
async function sendAll(url: string, count: number): Promise<{ traceIds: string[]; perSecond: number }> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const ask = () =>
    new Promise<string>((resolve, reject) => {
      const request = httpRequest(`${url}/products/1`, { agent }, (response) => {
        response.resume();
        response.on('end', () => resolve(String(response.headers['traceresponse']).split('-')[1] ?? ''));
      });
      request.on('error', reject);
      request.end();
    });
  const startedAt = performance.now();
  const traceIds: string[] = [];
  let sent = 0;
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      while (sent < count) {
        const due = startedAt + (sent / PER_SECOND) * 1_000;
        sent += 1;
        const early = due - performance.now();
        if (early > 1) await new Promise((resolve) => setTimeout(resolve, early));
        traceIds.push(await ask());
      }
    }),
  );
  agent.destroy();
  return { traceIds, perSecond: count / ((performance.now() - startedAt) / 1_000) };
}

/** What is wrong with a trace: a part that is missing, a name, a parent, a time. */
function findProblems(trace: StoredTrace | undefined): string[] {
  if (trace === undefined) return ['no trace'];
  const { spans, processes } = trace;
  const [server] = spans.filter(({ operationName }) => operationName === 'GET /products/:id');
  const [query] = spans.filter(({ operationName }) => operationName === 'db_query_product_by_id');
  if (server === undefined || query === undefined || spans.length !== 2) return [`${spans.length} spans`];
  const tagsOf = ({ tags }: StoredSpan) => Object.fromEntries(tags.map(({ key, value }) => [key, value]));
  const endOf = ({ startTime, duration }: StoredSpan) => startTime + duration;
  const problem = (isWrong: boolean, text: string) => (isWrong ? [text] : []);
  return [
    ...problem(query.references[0]?.spanID !== server.spanID, 'the statement has another parent'),
    ...problem(server.references.length > 0, 'the request has a parent'),
    ...problem(Number(tagsOf(server)['http.status_code']) !== 200, 'no status'),
    ...problem(tagsOf(query)['db.type'] !== 'sql', 'no db.type'),
    ...problem(
      spans.some(({ processID }) => processes[processID]?.serviceName !== 'backend-service'),
      'another service',
    ),
    ...problem(query.startTime < server.startTime, 'the statement begins before the request'),
    ...problem(endOf(query) > endOf(server), 'the statement ends after the request'),
    ...problem(
      spans.some(({ warnings }) => (warnings ?? []).length > 0) || (trace.warnings ?? []).length > 0,
      'warnings',
    ),
  ];
}

/** Packets that the system has refused because a receive buffer was full: nobody else hears of them. */
function readOverflows(): number {
  const [names = '', values = ''] = readFileSync('/proc/net/snmp', 'utf8').match(/^Udp: .*$/gm) ?? [];
  return Number(values.split(' ')[names.split(' ').indexOf('RcvbufErrors')]);
}

async function lookUp(traceIds: readonly string[]): Promise<Map<string, number>> {
  const problems = new Map<string, number>();
  const queue = [...traceIds];
  await Promise.all(
    Array.from({ length: LOOKUPS }, async () => {
      for (let traceId = queue.pop(); traceId !== undefined; traceId = queue.pop()) {
        for (const problem of findProblems(await jaeger.findTrace(traceId))) {
          problems.set(problem, (problems.get(problem) ?? 0) + 1);
        }
      }
    }),
  );
  return problems;
}

/** Waits until each span that has ended is counted. */
function readCounts(service: ServingProcess, ended: number): Promise<{ exported: number; dropped: number }> {
  return eventually(async () => {
    const metrics = await (await service.fetch('/metrics')).text();
    const read = (metric: string) => Number(new RegExp(`^${metric} (\\d+)$`, 'm').exec(metrics)?.[1]);
    const found = { exported: read('spans_exported_total'), dropped: read('spans_dropped_total') };
    expect(found.exported + found.dropped).toBe(ended);
    return found;
  });
}

const runs = ways.flatMap(([name, configure]) => [1, 2].map((workers) => ({ name, configure, workers })));

it.each(runs)(
  'through $name, $workers worker(s), every trace is there and whole, its times are right, and the counts say so',
  async ({ name, configure, workers }) => {
    const overflowsBefore = readOverflows();
    await using service = await startOnSamples({ ...configure(), WEB_CONCURRENCY: String(workers) });
    const { traceIds, perSecond } = await sendAll(service.url, REQUESTS);
    const { exported, dropped } = await readCounts(service, 2 * REQUESTS);
    const problems = await eventually(async () => {
      const found = await lookUp(traceIds);
      expect(found.get('no trace') ?? 0).toBe(0);
      return found;
    }).catch(() => lookUp(traceIds));
    report(
      `${name}, ${workers} worker(s): ${REQUESTS} requests at ${perSecond.toFixed(0)}/s, ${exported} exported, ${dropped} dropped, ${readOverflows() - overflowsBefore} packets refused by full buffers; ${JSON.stringify([...problems])}`,
    );
    expect([...problems]).toEqual([]);
    expect(dropped).toBe(0);
  },
  SOAK_TIMEOUT_MS,
);

it.each(ways)(
  'through %s to an agent that stalls for 200 ms each second, each span is counted, and what is missing is printed',
  async (name, configure) => {
    await using service = await startOnSamples(configure());
    let isOver = false;
    const stalls = (async () => {
      for (; !isOver; await sleep(800)) await jaeger.stall(200);
    })();
    const { traceIds } = await sendAll(service.url, STALLED_REQUESTS);
    isOver = true;
    await stalls;
    const { exported, dropped } = await readCounts(service, 2 * STALLED_REQUESTS);
    // What Jaeger has taken, it shows within this time.
    await sleep(1_000);
    const problems = await lookUp(traceIds);
    report(
      `${name}, stalls: ${STALLED_REQUESTS} requests, ${exported} exported, ${dropped} dropped; ${JSON.stringify([...problems])}`,
    );
    const isConfirmed = !name.startsWith('UDP');
    if (isConfirmed) expect([...problems]).toEqual([]);
  },
  SOAK_TIMEOUT_MS,
);
