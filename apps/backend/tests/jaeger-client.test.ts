import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { startJaegerAgent } from '@products/jaeger';
import { expect, it } from 'vitest';
import { startOnSamples } from './backend.js';
import { eventually } from './eventually.js';

it('the trace of a frontend that jaeger-client traces goes on in the service', async () => {
  const agent = await startJaegerAgent();
  // jaeger-client speaks Thrift's binary encoding, the service the compact one.
  const agentOfFrontend = await startJaegerAgent('binary');
  await using backend = await startOnSamples({ JAEGER_AGENT_PORT: String(agent.port) });

  const program = path.join(import.meta.dirname, 'jaeger-client-frontend.cjs');
  const child = spawn(process.execPath, [program, backend.url, String(agentOfFrontend.port)]);
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'close')]);
  expect(code).toBe(0);
  const { status, headers } = JSON.parse(output) as { status: number; headers: Record<string, string> };
  expect(status).toBe(200);
  // 64 bits, as the clients of those days have them.
  expect(headers['uber-trace-id']).toMatch(/^[0-9a-f]{1,16}:[0-9a-f]{1,16}:0:1$/);

  await eventually(() => expect(agentOfFrontend.spans()).toHaveLength(1));
  await eventually(() => expect(agent.spans()).toHaveLength(2));
  const [frontend] = agentOfFrontend.spans();
  const server = agent.spans().find(({ operationName }) => operationName === 'GET /products');
  const query = agent.spans().find(({ operationName }) => operationName === 'db_query_products');
  expect(frontend).toMatchObject({ operationName: 'load products', traceId: expect.stringMatching(/^0{16}/) });
  expect(server).toMatchObject({ traceId: frontend?.traceId, parentSpanId: frontend?.spanId });
  expect(query).toMatchObject({ traceId: frontend?.traceId, parentSpanId: server?.spanId });
  const lines = backend.lines.filter((line) => line['trace_id'] === frontend?.traceId);
  expect(lines.map(({ message }) => message)).toEqual([
    'Requête reçue: GET /products',
    'Récupération de tous les produits',
    '10 produits récupérés',
    'Requête complétée: GET /products',
  ]);

  await agent.stop();
  await agentOfFrontend.stop();
});
