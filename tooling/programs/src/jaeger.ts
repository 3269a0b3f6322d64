import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findFreePort } from '@products/db/testing';
import { parse, stringify } from 'yaml';
import { buildGo } from './go.js';

/** Jaeger's tag of its 2.13; from here on `go get` can find the program. */
const VERSION = 'v1.76.0';
const START_TIMEOUT_MS = 60_000;

const shipped = path.resolve(import.meta.dirname, '../../../deploy/jaeger/jaeger.yaml');

/** A span as Jaeger's API gives it, times in microseconds. */
export interface StoredSpan {
  readonly traceID: string;
  readonly spanID: string;
  readonly operationName: string;
  readonly references: readonly { readonly refType: string; readonly traceID: string; readonly spanID: string }[];
  readonly startTime: number;
  readonly duration: number;
  readonly tags: readonly { readonly key: string; readonly value: unknown }[];
  readonly logs: readonly { readonly timestamp: number }[];
  readonly warnings: readonly string[] | null;
  readonly processID: string;
}

export interface StoredTrace {
  readonly traceID: string;
  readonly spans: readonly StoredSpan[];
  readonly processes: Readonly<Record<string, { readonly serviceName: string }>>;
  readonly warnings: readonly string[] | null;
}

/** A stock Jaeger on free ports of 127.0.0.1, with the shipped configuration. */
export interface Jaeger {
  /** Host whose UDP ports 6831 (compact) and 6832 (binary) are its: a loopback address of its own. */
  readonly agentHost: string;
  /** URL of Thrift over HTTP. */
  readonly collectorUrl: string;
  /** Base URL of OTLP over HTTP. */
  readonly otlpUrl: string;
  /** Base URL of its query API. */
  readonly queryUrl: string;
  /** The trace as it is so far; undefined when there is none. */
  findTrace(traceId: string): Promise<StoredTrace | undefined>;
  /** Keeps it from running for this time. */
  stall(milliseconds: number): Promise<void>;
  stop(): Promise<void>;
}

/** Starts it; the first time it is built, which takes minutes. */
export async function startJaeger(): Promise<Jaeger> {
  const programs = await buildGo('jaeger', [
    { package: 'github.com/jaegertracing/jaeger/cmd/jaeger', version: VERSION },
  ]);
  const folder = mkdtempSync(path.join(tmpdir(), 'products-jaeger-'));
  const ports = await Promise.all(Array.from({ length: 6 }, () => findFreePort()));
  const [query, queryGrpc, sampling, health, otlp, collector] = ports.map(String);
  const agentHost = `127.77.${Math.floor(process.pid / 250) % 250}.${(process.pid % 250) + 1}`;
  const at = (port = '') => `127.0.0.1:${port}`;
  const configuration = parse(readFileSync(shipped, 'utf8'));
  const { extensions, receivers, service } = configuration;
  extensions.jaeger_query.http = { endpoint: at(query) };
  extensions.jaeger_query.grpc = { endpoint: at(queryGrpc) };
  extensions.remote_sampling.http.endpoint = at(sampling);
  extensions.healthcheckv2.http.endpoint = at(health);
  // Browsers send their spans too.
  receivers.otlp.protocols.http = { endpoint: at(otlp), cors: { allowed_origins: ['*'], allowed_headers: ['*'] } };
  // Not with the shipped buffers: most hosts do not allow as much.
  receivers.jaeger.protocols.thrift_compact = { endpoint: `${agentHost}:6831` };
  receivers.jaeger.protocols.thrift_binary = { endpoint: `${agentHost}:6832` };
  receivers.jaeger.protocols.thrift_http.endpoint = at(collector);
  service.telemetry.metrics = { level: 'none' };
  const file = path.join(folder, 'jaeger.yaml');
  writeFileSync(file, stringify(configuration));
  const child = spawn(path.join(programs, 'jaeger'), ['--config', file], {
    // It would trace itself.
    env: { OTEL_TRACES_SAMPLER: 'always_off' },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const exited = once(child, 'exit');
  const stop = async () => {
    child.kill();
    await exited;
    rmSync(folder, { recursive: true, force: true });
  };
  const api = `http://${at(query)}/api`;
  try {
    await waitUntilReady(`${api}/services`, () => child.exitCode !== null);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    agentHost,
    collectorUrl: `http://${at(collector)}/api/traces`,
    otlpUrl: `http://${at(otlp)}`,
    queryUrl: `http://${at(query)}`,
    findTrace: async (traceId) => {
      const response = await fetch(`${api}/traces/${traceId}`);
      if (response.status === 404) return undefined;
      const { data } = (await response.json()) as { data: StoredTrace[] | null };
      return data?.[0];
    },
    stall: async (milliseconds) => {
      child.kill('SIGSTOP');
      await sleep(milliseconds);
      child.kill('SIGCONT');
    },
    stop,
  };
}

async function waitUntilReady(url: string, hasEnded: () => boolean): Promise<void> {
  for (const until = performance.now() + START_TIMEOUT_MS; performance.now() < until; ) {
    const isReady = await fetch(url).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isReady) return;
    if (hasEnded()) break;
    await sleep(100);
  }
  throw new Error(`Jaeger does not answer at ${url}`);
}
