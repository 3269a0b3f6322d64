import { describe, expect, it } from 'vitest';
import { readConfig } from '../src/config.js';
import { run } from './backend.js';

describe('the configuration', () => {
  it('has the documented defaults', () => {
    expect(readConfig({})).toEqual({
      host: '0.0.0.0',
      port: 5_000,
      logLevel: 'INFO',
      signals: { resource: { serviceName: 'backend-service', tags: {} }, lines: undefined, metrics: undefined },
      workers: 1,
      corsOrigins: ['*'],
      publicUrl: undefined,
      traceUrl: undefined,
      hasDiagnostics: true,
      revision: 'unknown',
      slowDelayMs: 5_000,
      requestTimeoutMs: 120_000,
      requestsMax: 2_000,
      writeTimeoutMs: 60_000,
      shutdownDelayMs: 0,
      shutdownTimeoutMs: 8_000,
      database: undefined,
      replica: undefined,
      pool: {
        size: 10,
        maxOverflow: 20,
        recycleMs: 3_600_000,
        timeoutMs: 30_000,
        queueMax: 500,
        queryTimeoutMs: 10_000,
        preparedStatements: true,
      },
      unusedVariables: [],
    });
  });

  it.each([
    [{ PORT: '6000' }, { port: 6_000 }],
    [{ HOST: '::1' }, { host: '::1' }],
    [{ LOG_LEVEL: 'error' }, { logLevel: 'ERROR' }],
    [{ WEB_CONCURRENCY: '4' }, { workers: 4 }],
    [{ CORS_ORIGINS: 'https://a.example' }, { corsOrigins: ['https://a.example'] }],
    [{ SLOW_ENDPOINT_DELAY: '0.5' }, { slowDelayMs: 500 }],
    [{ REQUEST_TIMEOUT: '30' }, { requestTimeoutMs: 30_000 }],
    [{ SHUTDOWN_DELAY: '1.5' }, { shutdownDelayMs: 1_500 }],
    [{ SHUTDOWN_TIMEOUT: '3' }, { shutdownTimeoutMs: 3_000 }],
    [{ DATABASE_URL: 'postgresql://u:p@db/x' }, { database: expect.objectContaining({ description: 'db:5432/x' }) }],
    [
      { DATABASE_URL: 'postgresql://u:p@db/x', DATABASE_REPLICA_URL: 'postgresql+psycopg2://u:p@replica/x' },
      { replica: expect.objectContaining({ description: 'replica:5432/x' }) },
    ],
    [{ DB_POOL_SIZE: '0' }, { pool: { size: 0 } }],
    [{ DB_MAX_OVERFLOW: '-1' }, { pool: { maxOverflow: -1 } }],
    [{ DB_POOL_RECYCLE: '-1' }, { pool: { recycleMs: -1 } }],
    [{ DB_POOL_RECYCLE: '60' }, { pool: { recycleMs: 60_000 } }],
    [{ DB_POOL_TIMEOUT: '0.2' }, { pool: { timeoutMs: 200 } }],
    [{ DB_POOL_QUEUE: '7' }, { pool: { queueMax: 7 } }],
    [{ DB_QUERY_TIMEOUT: '2' }, { pool: { queryTimeoutMs: 2_000 } }],
    [{ DB_PREPARED_STATEMENTS: 'off' }, { pool: { preparedStatements: false } }],
  ])('takes %o', (environment, expected) => {
    expect(readConfig(environment as Record<string, string>)).toMatchObject(expected);
  });

  it.each([
    'https://shop.example/',
    'https://*',
    'shop.example',
    'https://*.*.example',
    'https://sh*p.example',
    'null',
  ])('refuses CORS_ORIGINS=%s, which would never match', (origin) => {
    expect(() => readConfig({ CORS_ORIGINS: origin })).toThrow(/CORS_ORIGINS/);
  });

  it('takes numbers as Python’s float() and int() do', () => {
    const environment = { SLOW_ENDPOINT_DELAY: '.5', DB_POOL_TIMEOUT: '1e-3', SHUTDOWN_TIMEOUT: '5.', PORT: '+5_000' };
    expect(readConfig(environment)).toMatchObject({
      slowDelayMs: 500,
      pool: { timeoutMs: 1 },
      shutdownTimeoutMs: 5_000,
      port: 5_000,
    });
    for (const DB_QUERY_TIMEOUT of ['1e', '.', '1__0', 'nan', 'inf', '0x10']) {
      expect(() => readConfig({ DB_QUERY_TIMEOUT })).toThrow(/DB_QUERY_TIMEOUT/);
    }
  });

  it.each([
    [{ TRACE_URL: 'https://jaeger.example/trace' }, /TRACE_URL.*\{trace_id\}/],
    [{ PUBLIC_URL: 'api.example.com' }, /PUBLIC_URL/],
    [{ OTEL_TRACES_SAMPLER: 'xray' }, /OTEL_TRACES_SAMPLER/],
  ])('refuses %j', (environment, message) => {
    expect(() => readConfig(environment as Record<string, string>)).toThrow(message);
  });

  it('names variables of the Flask stack that change nothing', () => {
    const { unusedVariables } = readConfig({ SQL_ECHO: 'true', GUNICORN_CMD_ARGS: '--workers 4' });
    expect(unusedVariables.map(({ variable }) => variable)).toEqual(['SQL_ECHO', 'GUNICORN_CMD_ARGS']);
  });

  it('takes blank for unset', () => {
    expect(readConfig({ PORT: '', DATABASE_URL: ' ', FLASK_DEBUG: '', DB_POOL_SIZE: '' })).toEqual(readConfig({}));
  });

  it('has DEBUG as log level with FLASK_DEBUG, unless LOG_LEVEL is set', () => {
    expect(readConfig({ FLASK_DEBUG: 'True' }).logLevel).toBe('DEBUG');
    expect(readConfig({ FLASK_DEBUG: 'True', LOG_LEVEL: 'warning' }).logLevel).toBe('WARNING');
    expect(readConfig({ FLASK_DEBUG: 'False' }).logLevel).toBe('INFO');
  });

  it('lists every wrong variable with its value and what is allowed, telemetry’s too, and no secret', () => {
    const wrong = {
      PORT: 'http',
      DB_POOL_SIZE: '-1',
      CORS_ORIGINS: 'https://shop.example/path',
      DB_QUERY_TIMEOUT: '0',
      JAEGER_SAMPLER_TYPE: 'sometimes',
      JAEGER_AGENT_PORT: '0',
      DATABASE_URL: 'mysql://root:canary@db/x',
      DATABASE_REPLICA_URL: 'postgresql://root:canary@db:port/x',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'canary',
    };
    for (const [variable, value] of Object.entries(wrong)) {
      const shown = /canary/.test(value) ? variable : `${variable}=${JSON.stringify(value)}`;
      expect(() => readConfig(wrong)).toThrow(shown);
    }
    expect(() => readConfig(wrong)).not.toThrow(/canary/);
  });

  it('refuses a replica of the embedded database', () => {
    const replicaOnly = { DATABASE_REPLICA_URL: 'postgresql://u:canary@replica/x' };
    expect(() => readConfig(replicaOnly)).toThrow('DATABASE_REPLICA_URL (');
    expect(() => readConfig(replicaOnly)).not.toThrow(/canary/);
  });

  it.each([
    ['const', '0.5'],
    ['probabilistic', '1.5'],
    ['ratelimiting', '-1'],
  ])('refuses what a %s sampler cannot take: %s', (type, param) => {
    const environment = { JAEGER_SAMPLER_TYPE: type, JAEGER_SAMPLER_PARAM: param };
    expect(() => readConfig(environment)).toThrow(`JAEGER_SAMPLER_PARAM="${param}"`);
  });

  it('stops the start when it is wrong, with one line and exit code 1', async () => {
    const running = run({
      PORT: '70000',
      SLOW_ENDPOINT_DELAY: 'lent',
      DATABASE_URL: 'postgresql://x:canary@127.0.0.1:1/x',
    });
    expect(await running.exited).toBe(1);
    expect(running.lines).toHaveLength(1);
    expect(running.lines[0]).toMatchObject({
      level: 'ERROR',
      message: expect.stringMatching(/^Configuration invalide : PORT="70000".*SLOW_ENDPOINT_DELAY="lent"/),
    });
    expect(JSON.stringify(running.lines)).not.toContain('canary');
  });
});
