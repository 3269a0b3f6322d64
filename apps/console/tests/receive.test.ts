// What a console takes, and what it says of what it cannot read.
import { spawnSync } from 'node:child_process';
import { networkInterfaces } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { Status } from '../src/serve/router.js';
import { ask, askRouter, recordedPackets, sendPacket, start } from './running-console.js';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const JSON_TYPE = { 'Content-Type': 'application/json' };

const otlpTraces = (span: Record<string, unknown> = {}) => ({
  resourceSpans: [
    {
      resource: { attributes: [{ key: 'service.name', value: { stringValue: 'page' } }] },
      scopeSpans: [
        {
          scope: { name: 'test', version: '1' },
          spans: [
            {
              traceId: TRACE,
              spanId: '00f067aa0ba902b7',
              name: '<img src=x onerror=alert(1)>',
              kind: 'SPAN_KIND_CLIENT',
              startTimeUnixNano: '1795726426165000123',
              endTimeUnixNano: '1795726426175000123',
              attributes: [
                { key: 'big', value: { intValue: '9223372036854775807' } },
                { key: 'list', value: { arrayValue: { values: [{ intValue: 1 }, { stringValue: 'a' }] } } },
              ],
              events: [{ timeUnixNano: '1795726426170000000', name: 'click' }],
              status: { code: 2, message: 'failed' },
              ...span,
            },
          ],
        },
      ],
    },
  ],
});

const post = (url: string, body: string | Uint8Array, headers: Record<string, string> = JSON_TYPE) =>
  fetch(url, { method: 'POST', headers, body });
const countSpans = async (url: string) => (await askRouter<Status>(url, 'status')).counts.spans;

describe('a console takes', () => {
  it('Jaeger’s packets in both encodings', async () => {
    const { url, portOf } = await start();
    for (const { protocol, bytes } of recordedPackets) await sendPacket(portOf[protocol], bytes);
    await expect.poll(() => countSpans(url)).toBe(43);
    expect(await (await fetch(`${url}/api/services`)).json()).toMatchObject({
      data: ['backend-service', 'inventaire'],
    });
  });

  it('OTLP in JSON, plain and compressed, at each of its addresses', async () => {
    const { url, otlpUrl, collectorUrl } = await start();
    const body = JSON.stringify(otlpTraces());
    expect((await post(`${otlpUrl}/v1/traces`, body)).status).toBe(200);
    const other = gzipSync(JSON.stringify(otlpTraces({ spanId: '00f067aa0ba902b8' })));
    expect((await post(`${url}/v1/traces`, other, { ...JSON_TYPE, 'Content-Encoding': 'gzip' })).status).toBe(200);
    await expect.poll(() => countSpans(url)).toBe(2);
    const { data } = (await (await fetch(`${url}/api/traces/${TRACE}`)).json()) as {
      data: { spans: { tags: unknown }[] }[];
    };
    expect(data[0]?.spans[0]).toMatchObject({
      operationName: '<img src=x onerror=alert(1)>',
      startTime: 1795726426165000,
      duration: 10_000,
      logs: [{ timestamp: 1795726426170000, fields: [{ key: 'event', type: 'string', value: 'click' }] }],
    });
    expect(data[0]?.spans[0]?.tags).toEqual(
      expect.arrayContaining([
        { key: 'big', type: 'int64', value: '9223372036854775807' },
        { key: 'list', type: 'string', value: '[1,"a"]' },
        { key: 'error', type: 'bool', value: true },
        { key: 'span.kind', type: 'string', value: 'client' },
      ]),
    );
    expect(new URL(collectorUrl).pathname).toBe('/api/traces');
  });

  it('lines by OTLP, with their trace', async () => {
    const { url, otlpUrl } = await start();
    const record = {
      timeUnixNano: '1795726426165000000',
      severityNumber: 17,
      body: { stringValue: 'raté' },
      traceId: TRACE,
    };
    const resourceLogs = [{ scopeLogs: [{ logRecords: [record] }] }];
    expect((await post(`${otlpUrl}/v1/logs`, JSON.stringify({ resourceLogs }))).status).toBe(200);
    await expect
      .poll(() => askRouter(url, 'lines', { traceId: TRACE }))
      .toMatchObject({ items: [{ level: 'ERROR', message: 'raté', timeMs: 1795726426165 }] });
  });

  it('lines that are no JSON, as their own message', async () => {
    const { url, console } = await start();
    console.takeText('plain text');
    console.takeText('{"broken": ');
    console.takeText('{"level":"info","msg":"pino","trace_id":"ABC"}');
    await expect
      .poll(() => askRouter(url, 'lines', {}))
      .toMatchObject({
        items: [
          { message: 'plain text', level: '' },
          { message: '{"broken": ' },
          { message: 'pino', level: 'INFO', traceId: 'abc' },
        ],
      });
  });

  it('and tells who asks on what it has looked through, found or not', async () => {
    const { url, console } = await start();
    for (let index = 1; index <= 30; index += 1) console.takeText(`line ${index}`);
    const ask = (input: object) => askRouter<{ items: unknown[]; seenSeq: number }>(url, 'lines', input);
    await expect.poll(async () => (await ask({})).seenSeq).toBe(30);
    expect(await ask({ text: 'in no line', afterSeq: 10 })).toEqual({ items: [], seenSeq: 30 });
    expect(await ask({ text: 'line', afterSeq: 10, limit: 5 })).toMatchObject({ seenSeq: 15 });
    expect(await ask({ text: 'line', limit: 5 })).toMatchObject({ seenSeq: 30 });
  });
});

describe('what cannot be read', () => {
  it('is refused with a word about it, whatever it is, and takes nothing else with it', async () => {
    const { url, portOf } = await start();
    const [first] = recordedPackets;
    if (first === undefined) throw new Error('packets were recorded');
    const hostile = [
      Buffer.from('hello'),
      Buffer.alloc(0),
      Buffer.alloc(60_000, 0xff),
      first.bytes.subarray(0, first.bytes.length / 2),
      // A list of 2^31 - 1 structs in a few bytes.
      Buffer.from('82210109656d697442617463681c1c0000fcffffffff07', 'hex'),
      // Structs within structs.
      Buffer.concat([Buffer.from('82210109656d69744261746368', 'hex'), Buffer.alloc(50_000, 0x1c)]),
    ];
    for (const packet of hostile) {
      await sendPacket(portOf.compact, packet);
      await sendPacket(portOf.binary, packet);
    }
    for (let length = 1; length < first.bytes.length; length += 7) {
      await sendPacket(portOf[first.protocol], first.bytes.subarray(0, length));
    }
    await sendPacket(portOf[first.protocol], first.bytes);
    await expect.poll(() => countSpans(url)).toBeGreaterThan(0);
    const { refused, refusedCount } = await askRouter<Status>(url, 'status');
    expect(refusedCount).toBeGreaterThan(hostile.length);
    expect(refused.at(-1)).toMatch(/^a packet of \d+ bytes to the agent \((?:compact|binary)\): /);
  });

  it.each([
    ['no JSON', '{', JSON_TYPE, 400],
    ['no object', '[]', JSON_TYPE, 400],
    ['an id of zeros', JSON.stringify(otlpTraces({ traceId: '0'.repeat(32) })), JSON_TYPE, 400],
    ['no id', JSON.stringify(otlpTraces({ spanId: 'x' })), JSON_TYPE, 400],
    ['no time of any clock', JSON.stringify(otlpTraces({ startTimeUnixNano: '18446744073709551615' })), JSON_TYPE, 400],
    ['no integer for a time', JSON.stringify(otlpTraces({ startTimeUnixNano: 'now' })), JSON_TYPE, 400],
    ['truncated protobuf', Buffer.from([0x0a, 0x7f, 0x01]), { 'Content-Type': 'application/x-protobuf' }, 400],
    ['no gzip', 'abc', { ...JSON_TYPE, 'Content-Encoding': 'gzip' }, 400],
    ['an unknown coding', 'abc', { ...JSON_TYPE, 'Content-Encoding': 'br' }, 400],
    ['a bomb', gzipSync(Buffer.alloc(17 * 1_048_576)), { ...JSON_TYPE, 'Content-Encoding': 'gzip' }, 413],
  ] as const)('of OTLP is answered: %s', async (_, body, headers, status) => {
    const { url, otlpUrl } = await start();
    const answer = await post(`${otlpUrl}/v1/traces`, body, headers as Record<string, string>);
    expect(answer.status).toBe(status);
    expect(((await answer.json()) as { message: string }).message).not.toBe('');
    expect((await askRouter<Status>(url, 'status')).refusedCount).toBe(1);
  });
});

describe('only this machine', () => {
  it.each([
    ['another Host', { Host: 'evil.example' }],
    ['a Host that begins like this one', { Host: 'localhost.evil.example' }],
    ['another Origin', { Origin: 'https://evil.example' }],
    ['no origin but null', { Origin: 'null' }],
    ['another port’s page', { Origin: 'http://localhost:1' }],
  ])('is answered: %s gets nothing', async (_, headers) => {
    const { url, otlpUrl } = await start();
    for (const target of [`${url}/`, `${url}/trpc/status`, `${url}/api/services`, `${otlpUrl}/v1/traces`]) {
      const { status, body } = await ask(target, headers);
      expect(status).toBe(403);
      expect(body).toBe('{"message":"only from this machine: Host and Origin must be localhost"}');
    }
  });

  it('gets a page that loads nothing from elsewhere', async () => {
    const { url } = await start();
    const { headers } = await ask(`${url}/trace/${TRACE}`, { Host: 'localhost' });
    expect(headers['content-security-policy']).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self';/);
    expect(headers['x-content-type-options']).toBe('nosniff');
  });
});

it('a trace is printed in the terminal as a tree with its lines; one that is not there is said', async () => {
  const { url, otlpUrl, folder } = await start();
  const times = { startTimeUnixNano: '1795726426000000000', endTimeUnixNano: '1795726426012000000' };
  const spans = [
    { traceId: TRACE, spanId: '1'.repeat(16), name: 'GET /products', kind: 2, ...times },
    { traceId: TRACE, spanId: '2'.repeat(16), parentSpanId: '1'.repeat(16), name: 'db_query_products', ...times },
  ];
  await post(`${otlpUrl}/v1/traces`, JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] }));
  const record = {
    timeUnixNano: '1795726426001000000',
    body: { stringValue: '10 produits récupérés' },
    traceId: TRACE,
  };
  await post(`${otlpUrl}/v1/logs`, JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords: [record] }] }] }));
  await expect
    .poll(async () => (await askRouter<{ counts: object }>(url, 'status')).counts)
    .toEqual({
      traces: 1,
      spans: 2,
      lines: 1,
    });
  const cli = path.resolve(import.meta.dirname, '../dist/cli.js');
  const print = (id: string) =>
    spawnSync(process.execPath, [cli, 'trace', id, '--folder', folder], { encoding: 'utf8', env: { NO_COLOR: '1' } });
  const { status, stdout } = print(TRACE);
  expect(status).toBe(0);
  expect(stdout).toMatch(/^GET \/products +━{32} +12\.0 ms.*\n {2}db_query_products +━{32} +12\.0 ms/);
  expect(stdout).toContain('10 produits récupérés');
  expect(print('f'.repeat(32))).toMatchObject({ status: 1, stderr: expect.stringContaining('never received') });
  expect(print('no id')).toMatchObject({ status: 2, stderr: expect.stringContaining('received "no id"') });
});

it('told to receive from elsewhere, it takes spans under any name, still of no other page; its page stays here', async () => {
  const { url, otlpUrl } = await start({ host: '0.0.0.0' });
  const target = `${otlpUrl.replace('0.0.0.0', '127.0.0.1')}/v1/traces`;
  const send = (headers: Record<string, string>) =>
    ask(target, { ...JSON_TYPE, ...headers }, 'POST', JSON.stringify(otlpTraces()));
  expect((await send({ Host: 'console.example:4318' })).status).toBe(200);
  expect((await send({ Host: 'console.example:4318', Origin: 'https://evil.example' })).status).toBe(403);
  expect((await ask(url, { Host: 'console.example' })).status).toBe(403);
  const [, port] = /:(\d+)$/.exec(url) ?? [];
  const outside = Object.values(networkInterfaces())
    .flat()
    .find((found) => found?.family === 'IPv4' && !found.internal)?.address;
  if (outside !== undefined) await expect(ask(`http://${outside}:${port}/`, {})).rejects.toThrow(/ECONNREFUSED/);
});
