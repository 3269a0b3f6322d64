import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

const packageFolder = path.resolve(import.meta.dirname, '..');

// A server written as the service is: ES modules, named imports, started after the preload.
const program = `
  import { createServer, get } from 'node:http';
  import { currentTrace, currentTraceResponse, tracingState } from '@products/telemetry';
  const server = createServer((request, response) => {
    const seen = { ...currentTrace(), traceresponse: currentTraceResponse() };
    response.end(JSON.stringify(seen));
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

describe('the preload', () => {
  it('gives every request a span of its own', () => {
    const { status, answers } = serve({}, [
      ['/a', {}],
      ['/a', {}],
    ]);
    expect(status).toBe('started');
    for (const { trace_id, span_id, traceresponse } of answers) {
      expect(traceresponse).toBe(`00-${trace_id}-${span_id}-01`);
      expect(trace_id).toMatch(/^(?!0{32})[0-9a-f]{32}$/);
    }
    expect(answers[0]?.trace_id).not.toBe(answers[1]?.trace_id);
  });

  it.each([
    ['traceparent', `00-${traceId}-${parentId}-01`, traceId],
    ['uber-trace-id', `${traceId}:${parentId}:0:1`, traceId],
    ['uber-trace-id', `a3ce929d0e0e4736:${parentId}:0:1`, '0000000000000000a3ce929d0e0e4736'],
    ['b3', `${traceId}-${parentId}-1`, traceId],
  ])('continues the trace of %s: %s', (header, value, expected) => {
    const { answers } = serve({}, [['/a', { [header]: value }]]);
    expect(answers[0]?.trace_id).toBe(expected);
    expect(answers[0]?.span_id).not.toBe(parentId);
  });

  it('continues the trace of X-B3-* in capitals, in lower case', () => {
    const headers = {
      'X-B3-TraceId': traceId.toUpperCase(),
      'X-B3-SpanId': parentId.toUpperCase(),
      'X-B3-Sampled': '1',
    };
    expect(serve({}, [['/a', headers]]).answers[0]?.trace_id).toBe(traceId);
  });

  it('keeps stdout clean of what OpenTelemetry says of itself', () => {
    const { stdout, stderr } = spawnSync(
      process.execPath,
      ['--import', '@products/telemetry/register', '--input-type=module', '-e', ''],
      { cwd: packageFolder, encoding: 'utf8', env: { JAEGER_AGENT_HOST: '127.0.0.1', OTEL_LOG_LEVEL: 'debug' } },
    );
    expect(stdout).toBe('');
    expect(stderr).toMatch(/opentelemetry/i);
  });

  it.each([`${traceId.toUpperCase()}:${parentId.toUpperCase()}:0:1`, `${traceId}%3A${parentId}%3A0%3A1`])(
    'continues the trace of uber-trace-id in another spelling, in lower case: %s',
    (value) => {
      const { answers } = serve({}, [['/a', { 'uber-trace-id': value }]]);
      expect(answers[0]?.trace_id).toBe(traceId);
    },
  );

  it.each([
    ['traceparent', 'x'],
    ['traceparent', `00-${'0'.repeat(32)}-${parentId}-01`],
    ['uber-trace-id', '0:0:0:1'],
    ['uber-trace-id', `zz:${parentId}:0:1`],
    ['uber-trace-id', `${traceId}:${parentId}:0:zz`],
    ['uber-trace-id', '%E0%A4%A'],
    ['b3', 'x-y'],
    ['baggage', '%%%=,;'],
  ])('starts a fresh trace for the malformed %s: %s', (header, value) => {
    const { answers } = serve({}, [['/a', { [header]: value }]]);
    expect(answers[0]?.traceresponse).toMatch(/^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-01$/);
    expect(answers[0]?.trace_id).not.toBe(traceId);
  });

  it('prefers the standard header where several name a parent, even if the others are malformed', () => {
    const standard = { traceparent: `00-${traceId}-${parentId}-01` };
    for (const other of ['1:1:0:1', '0:0:0:1', 'zz']) {
      expect(serve({}, [['/a', { ...standard, 'uber-trace-id': other }]]).answers[0]?.trace_id).toBe(traceId);
    }
  });

  it('does not trace monitoring, which still has ids', () => {
    const { answers } = serve({}, [
      ['/livez', {}],
      ['/readyz', {}],
      ['/metrics', { traceparent: `00-${traceId}-${parentId}-01` }],
    ]);
    expect(answers.map(({ traceresponse }) => traceresponse?.slice(-3))).toEqual(['-00', '-00', '-00']);
  });

  it('samples as configured', () => {
    const none: [string, Record<string, string>][] = [['/a', {}]];
    expect(serve({ JAEGER_SAMPLER_PARAM: '0' }, none).answers[0]?.traceresponse).toMatch(/-00$/);
    expect(
      serve({ JAEGER_SAMPLER_TYPE: 'probabilistic', JAEGER_SAMPLER_PARAM: '0' }, none).answers[0]?.traceresponse,
    ).toMatch(/-00$/);
    const five = serve({ JAEGER_SAMPLER_TYPE: 'ratelimiting', JAEGER_SAMPLER_PARAM: '0.01' }, Array(5).fill(none[0]));
    expect(five.answers.map(({ traceresponse }) => traceresponse?.slice(-2))).toEqual(['01', '00', '00', '00', '00']);
    expect(serve({ JAEGER_SAMPLER_TYPE: 'probabilistic' }, none).answers[0]?.traceresponse).toMatch(/-01$/);
  });

  it('starts with the defaults when its variables are wrong, for the service to report', () => {
    const { status, answers } = serve({ JAEGER_SAMPLER_TYPE: 'sometimes', JAEGER_AGENT_PORT: 'x' }, [['/a', {}]]);
    expect(status).toBe('started');
    expect(answers[0]?.traceresponse).toMatch(/-01$/);
  });

  it('does nothing with OTEL_SDK_DISABLED', () => {
    expect(serve({ OTEL_SDK_DISABLED: 'true' }, [['/a', {}]])).toEqual({ status: 'disabled', answers: [{}] });
  });
});
