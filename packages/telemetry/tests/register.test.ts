import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

const packageFolder = path.resolve(import.meta.dirname, '..');

// A server written as the service is: ES modules, started after the preload, a span for each request.
const program = `
  import { createServer, get } from 'node:http';
  import { currentTrace, startRequestSpan, startUntracedRequest, tracingState } from '@products/telemetry';
  const server = createServer((request, response) => {
    const isUntraced = request.url === '/untraced';
    const span = isUntraced
      ? startUntracedRequest(request)
      : startRequestSpan(request, { name: 'GET', route: undefined, origin: undefined });
    span.run(() => response.end(JSON.stringify({ ...currentTrace(), traceresponse: span.traceResponse })));
    span.end(200);
  }).listen(0, '127.0.0.1', async () => {
    const { port } = server.address();
    const ask = (path, headers) => new Promise((resolve) => get({ port, path, headers }, async (response) => {
      let text = '';
      for await (const chunk of response) text += chunk;
      resolve(JSON.parse(text));
    }));
    const answers = [];
    for (const [path, headers] of JSON.parse(process.argv[1])) answers.push(await ask(path, headers));
    console.log(JSON.stringify({ status: tracingState.status, answers }));
    process.exit();
  });
`;

function serve(environment: Record<string, string>, requests: [path: string, headers: Record<string, string>][]) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', '@products/telemetry/register', '--input-type=module', '-e', program, JSON.stringify(requests)],
    { cwd: packageFolder, encoding: 'utf8', env: { JAEGER_AGENT_HOST: '127.0.0.1', ...environment } },
  );
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return JSON.parse(stdout) as {
    status: string;
    answers: Partial<Record<'trace_id' | 'span_id' | 'traceresponse', string>>[];
  };
}

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const parentId = '00f067aa0ba902b7';

/** The answer to each request's headers, all asked of one process with the default variables. */
function answersTo(headers: readonly Record<string, string>[]) {
  return serve(
    {},
    headers.map((each) => ['/a', each]),
  ).answers;
}

describe('the preload', () => {
  it('gives every request a span of its own', () => {
    const answers = answersTo([{}, {}]);
    for (const { trace_id, span_id, traceresponse } of answers) {
      expect(traceresponse).toBe(`00-${trace_id}-${span_id}-01`);
      expect(trace_id).toMatch(/^(?!0{32})[0-9a-f]{32}$/);
    }
    expect(answers[0]?.trace_id).not.toBe(answers[1]?.trace_id);
  });

  it('continues the trace that a header names, in any spelling of it', () => {
    const callers: [headers: Record<string, string>, expected: string][] = [
      [{ traceparent: `00-${traceId}-${parentId}-01` }, traceId],
      [{ 'uber-trace-id': `${traceId}:${parentId}:0:1` }, traceId],
      [{ 'uber-trace-id': `a3ce929d0e0e4736:${parentId}:0:1` }, '0000000000000000a3ce929d0e0e4736'],
      [{ 'uber-trace-id': `${traceId.toUpperCase()}:${parentId.toUpperCase()}:0:1` }, traceId],
      [{ 'uber-trace-id': `${traceId}%3A${parentId}%3A0%3A1` }, traceId],
      [{ b3: `${traceId}-${parentId}-1` }, traceId],
      [{ 'X-B3-TraceId': traceId.toUpperCase(), 'X-B3-SpanId': parentId.toUpperCase(), 'X-B3-Sampled': '1' }, traceId],
    ];
    const answers = answersTo(callers.map(([headers]) => headers));
    expect(answers.map(({ trace_id }) => trace_id)).toEqual(callers.map(([, expected]) => expected));
    for (const { span_id } of answers) expect(span_id).not.toBe(parentId);
  });

  it('keeps stdout clean of OpenTelemetry’s own messages', () => {
    const { stdout, stderr } = spawnSync(
      process.execPath,
      ['--import', '@products/telemetry/register', '--input-type=module', '-e', ''],
      { cwd: packageFolder, encoding: 'utf8', env: { JAEGER_AGENT_HOST: '127.0.0.1', OTEL_LOG_LEVEL: 'debug' } },
    );
    expect(stdout).toBe('');
    expect(stderr).toMatch(/opentelemetry/i);
  });

  it('starts a fresh trace for a malformed header', () => {
    const malformed: [header: string, value: string][] = [
      ['traceparent', 'x'],
      ['traceparent', `00-${'0'.repeat(32)}-${parentId}-01`],
      ['uber-trace-id', '0:0:0:1'],
      ['uber-trace-id', `zz:${parentId}:0:1`],
      ['uber-trace-id', `${traceId}:${parentId}:0:zz`],
      ['uber-trace-id', '%E0%A4%A'],
      ['b3', 'x-y'],
      ['baggage', '%%%=,;'],
    ];
    const answers = answersTo(malformed.map(([header, value]) => ({ [header]: value })));
    expect(answers).toHaveLength(malformed.length);
    for (const [index, { trace_id, traceresponse }] of answers.entries()) {
      const which = malformed[index]?.join(': ');
      expect(traceresponse, which).toMatch(/^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-01$/);
      expect(trace_id, which).not.toBe(traceId);
    }
  });

  it('prefers the standard header where several name a parent, even if the others are malformed', () => {
    const traceparent = `00-${traceId}-${parentId}-01`;
    const answers = answersTo(['1:1:0:1', '0:0:0:1', 'zz'].map((other) => ({ traceparent, 'uber-trace-id': other })));
    expect(answers.map(({ trace_id }) => trace_id)).toEqual([traceId, traceId, traceId]);
  });

  it('gives ids to a request without a span, in its caller’s trace', () => {
    const { answers } = serve({}, [
      ['/untraced', {}],
      ['/untraced', { traceparent: `00-${traceId}-${parentId}-01` }],
    ]);
    expect(answers[0]?.traceresponse).toMatch(/^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-00$/);
    expect(answers[1]?.traceresponse).toMatch(new RegExp(`^00-${traceId}-(?!${parentId})[0-9a-f]{16}-00$`));
  });

  it('samples as configured', () => {
    const sampledOf = (environment: Record<string, string>) =>
      serve(environment, Array(5).fill(['/a', {}])).answers.map(({ traceresponse }) => traceresponse?.slice(-2));
    expect(sampledOf({ JAEGER_SAMPLER_PARAM: '0' })).toEqual(Array(5).fill('00'));
    const probabilistic = { JAEGER_SAMPLER_TYPE: 'probabilistic' };
    expect(sampledOf({ ...probabilistic, JAEGER_SAMPLER_PARAM: '0' })).toEqual(Array(5).fill('00'));
    expect(sampledOf(probabilistic)).toEqual(Array(5).fill('01'));
    const ratelimiting = { JAEGER_SAMPLER_TYPE: 'ratelimiting', JAEGER_SAMPLER_PARAM: '0.01' };
    expect(sampledOf(ratelimiting)).toEqual(['01', '00', '00', '00', '00']);
  });

  it('starts with the defaults when its variables are wrong, for the service to report', () => {
    const { status, answers } = serve({ JAEGER_SAMPLER_TYPE: 'sometimes', JAEGER_AGENT_PORT: 'x' }, [['/a', {}]]);
    expect(status).toBe('started');
    expect(answers[0]?.traceresponse).toMatch(/-01$/);
  });

  it('does nothing with OTEL_SDK_DISABLED', () => {
    const requests: [string, Record<string, string>][] = [
      ['/a', {}],
      ['/untraced', { traceparent: `00-${traceId}-${parentId}-01` }],
    ];
    expect(serve({ OTEL_SDK_DISABLED: 'true' }, requests)).toEqual({ status: 'disabled', answers: [{}, {}] });
  });
});
