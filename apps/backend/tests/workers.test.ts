import { verifyTelemetry } from '@products/acceptance';
import { type JaegerAgent, startJaegerAgent } from '@products/jaeger';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Backend, run, startBackend } from './backend.js';
import { eventually } from './eventually.js';
import { isRunning } from './is-running.js';
import { ask, countedInAll, readTotal, startedPids, startWithWorkers } from './workers.js';

describe('WEB_CONCURRENCY workers', () => {
  let agent: JaegerAgent;
  let backend: Backend;
  beforeAll(async () => {
    agent = await startJaegerAgent();
    backend = await startBackend({
      WEB_CONCURRENCY: '3',
      JAEGER_AGENT_PORT: String(agent.port),
      SLOW_ENDPOINT_DELAY: '0.1',
    });
  });
  afterAll(async () => {
    await backend.stop();
    await agent.stop();
  });
  const totalNow = async () => readTotal((await ask(backend, '/metrics')).body);
  const readSelects = (scrape: string) =>
    Number(/^database_queries_total\{operation="SELECT",table="products"\} (\d+)$/m.exec(scrape)?.[1]);

  it('tell one story of each request, whichever of them gets it', async () => {
    // Before the other tests, whose spans would still be on their way.
    const { results, problems } = await verifyTelemetry({ url: backend.url, lines: () => backend.lines, agent });
    for (const { expectation, problems: found } of results) expect(found, expectation.request.name).toEqual([]);
    expect(problems).toEqual([]);
  });

  it('share the port, and any of them shows the totals of all, exactly', async () => {
    // Their lines come by the primary process, and may come after its own.
    await eventually(() => expect(new Set(startedPids(backend)).size).toBe(3));
    const { body: before } = await ask(backend, '/metrics');
    await Promise.all(Array.from({ length: 300 }, () => ask(backend, '/products')));
    // A worker that is too busy to report in time is a second behind.
    await eventually(async () => {
      const scrapes = await Promise.all(Array.from({ length: 12 }, () => ask(backend, '/metrics')));
      for (const { body } of scrapes) {
        expect(readTotal(body)).toBe(readTotal(before) + 300);
        expect(readSelects(body)).toBe(readSelects(before) + 300);
        expect(body).toContain('database_connection_pool{status="size"} 30\n');
      }
    });
  });

  it('are the processes whose tracing is counted: the primary one answers no request', async () => {
    const { body } = await ask(backend, '/metrics');
    expect(body).toContain('\ntracing_processes{state="started"} 3\n');
    expect(body).toContain('\ntracing_processes{state="absent"} 0\n');
  });

  it('that do not answer do not hold up a scrape', async () => {
    const total = (await totalNow()) + 40;
    await Promise.all(Array.from({ length: 40 }, () => ask(backend, '/products')));
    await countedInAll(backend, total);
    const [frozen] = startedPids(backend);
    process.kill(Number(frozen), 'SIGSTOP');
    try {
      // A third of the connections go to the frozen one.
      const answered = await Promise.race(Array.from({ length: 4 }, () => ask(backend, '/metrics')));
      expect(answered.status).toBe(200);
      expect(readTotal(answered.body)).toBe(total);
    } finally {
      process.kill(Number(frozen), 'SIGCONT');
    }
  });

  it('make the start fail, with one reason, when they cannot listen', async () => {
    const second = run({
      DATABASE_URL: backend.database.url,
      WEB_CONCURRENCY: '4',
      PORT: new URL(backend.url).port,
    });
    expect(await second.exited).toBe(1);
    expect(second.lines.filter(({ message }) => message.includes('le port est déjà pris'))).toHaveLength(1);
  });
});

describe.concurrent('workers end', () => {
  it('at SIGTERM with what they have accepted answered, logged and exported', async () => {
    const agent = await startJaegerAgent();
    await using backend = await startWithWorkers(2, { JAEGER_AGENT_PORT: String(agent.port) });
    const slow = Promise.all(Array.from({ length: 20 }, () => ask(backend, '/slow')));
    await eventually(() =>
      expect(backend.lines.filter(({ message }) => message === 'Requête reçue: GET /slow')).toHaveLength(20),
    );
    backend.child.kill('SIGTERM');
    expect((await slow).map(({ status }) => status)).toEqual(Array(20).fill(200));
    expect(await backend.exited).toBe(0);
    expect(backend.lines.filter(({ message }) => message === 'Requête complétée: GET /slow')).toHaveLength(20);
    expect(backend.lines.at(-1)?.message).toBe('Service arrêté');
    await eventually(() => expect(agent.spans()).toHaveLength(40));
    expect(startedPids(backend).filter(isRunning)).toEqual([]);
    await agent.stop();
  });

  it('with a primary process that is killed', async () => {
    await using backend = await startWithWorkers(2);
    const pids = startedPids(backend);
    backend.child.kill('SIGKILL');
    await backend.exited;
    await eventually(() => expect(pids.filter(isRunning)).toEqual([]));
  });
});
