import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { expectations, verifyTelemetry } from '@products/acceptance';
import { findFreePort } from '@products/db/testing';
import { startJaegerAgent } from '@products/jaeger';
import { expect, it } from 'vitest';
import { startBackend } from './backend.js';

const cli = createRequire(import.meta.url).resolve('@products/acceptance/verify-telemetry');

it('header, lines, spans, metrics and exemplar of each request tell one story', async () => {
  const agent = await startJaegerAgent();
  const backend = await startBackend({ JAEGER_AGENT_PORT: String(agent.port), SLOW_ENDPOINT_DELAY: '0.1' });
  const { results, problems } = await verifyTelemetry({ url: backend.url, lines: () => backend.lines, agent });
  for (const { expectation, problems: found } of results) expect(found, expectation.request.name).toEqual([]);
  expect(results).toHaveLength(expectations.length);
  expect(problems).toEqual([]);

  // No route and no procedure is left out.
  const called = new Set(expectations.map(({ request: { method }, route }) => `${method} ${route}`));
  const { paths } = (await (await backend.fetch('/openapi.json')).json()) as { paths: Record<string, object> };
  for (const [template, operations] of Object.entries(paths)) {
    const route = template.replaceAll(/\{(\w+)\}/g, ':$1');
    for (const method of Object.keys(operations)) expect(called).toContain(`${method.toUpperCase()} ${route}`);
  }
  await backend.stop();
  await agent.stop();
});

it('the command verifies a service that runs, by its log file and as its agent', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'products-verify-'));
  const logs = path.join(folder, 'service.log');
  const agentPort = String(await findFreePort());
  const backend = await startBackend({ JAEGER_AGENT_PORT: agentPort, SLOW_ENDPOINT_DELAY: '0.1' });
  writeFileSync(logs, '> pnpm start\n');
  backend.child.stdout?.on('data', (chunk: Buffer) => appendFileSync(logs, chunk));
  const verify = async () => {
    const child = spawn(process.execPath, [cli, '--url', backend.url, '--logs', logs, '--agent-port', agentPort]);
    const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'close')]);
    return { output, code };
  };
  const { output, code } = await verify();
  expect(output).toMatch(new RegExp(`\n${expectations.length} of ${expectations.length} requests tell one story\n$`));
  expect(code).toBe(0);
  await backend.stop();
  rmSync(folder, { recursive: true });
});

it('a service without traces fails', async () => {
  const agent = await startJaegerAgent();
  const backend = await startBackend({ OTEL_SDK_DISABLED: 'true', SLOW_ENDPOINT_DELAY: '0.1' });
  const { results } = await verifyTelemetry({ url: backend.url, lines: () => backend.lines, agent });
  for (const { problems } of results) expect(problems).toContain('traceresponse is malformed: ""');
  await backend.stop();
  await agent.stop();
});
