import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { metrics } from '@products/telemetry/contract';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { serviceEnvironment } from '../src/config.js';
import { readDataSources } from './data-sources.js';

// The compose stack, as far as it can be checked without an engine: what its files promise one another and the service.

const repository = path.resolve(import.meta.dirname, '../../..');
const deploy = path.join(repository, 'deploy');
const readText = (file: string) => readFileSync(path.join(deploy, file), 'utf8');

interface ComposeService {
  readonly image?: string;
  readonly build?: unknown;
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  readonly tmpfs?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: { readonly test?: readonly string[]; readonly disable?: boolean };
  readonly stop_grace_period?: string;
  readonly user?: string;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly cap_add?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly pids_limit?: number;
  readonly deploy?: {
    readonly resources: { readonly limits: { readonly cpus: string; readonly memory: string; readonly pids: number } };
  };
}
interface Compose {
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}
const compose: Compose = parse(readText('compose.yaml'), { merge: true });
const services = Object.entries(compose.services);

describe('deploy/compose.yaml', () => {
  it.each(services)(
    '%s: an exact version with its digest, limits of its resources, a health check',
    (name, service) => {
      if (service.build === undefined) {
        expect(service.image).toMatch(/:v?\d+\.\d+(\.\d+)?(-[\w.]+)?@sha256:[0-9a-f]{64}$/);
      }
      expect(service.deploy?.resources.limits).toEqual({
        cpus: expect.any(String),
        memory: expect.any(String),
        pids: expect.any(Number),
      });
      // Docker Compose 5 takes the limit in one place only.
      expect(service.pids_limit).toBeUndefined();
      const waitedForAsDone = services.some(
        ([, { depends_on }]) => depends_on?.[name]?.condition === 'service_completed_successfully',
      );
      if (!waitedForAsDone) expect(service.healthcheck?.test?.length).toBeGreaterThan(1);
    },
  );

  it.each(services)('%s has a read-only root, gains no privileges, and has no capability', (name, service) => {
    expect(service).toMatchObject({
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
    });
    // As root it reads the socket, and its own folder is another user's.
    expect(service.cap_add).toEqual(name === 'alloy' ? ['DAC_OVERRIDE'] : undefined);
  });

  it('lets PostgreSQL have a process for each connection that it takes', () => {
    const { command = [], deploy } = compose.services['postgres'] ?? {};
    const connections = Number(/^max_connections=(\d+)$/.exec(command.at(-1) ?? '')?.[1]);
    expect(deploy?.resources.limits.pids).toBeGreaterThan(connections + 40);
  });

  it('connects the init job as the owner, and service and exporter as roles that it makes for them', () => {
    const { init, backend, 'postgres-exporter': exporter } = compose.services;
    expect(init?.command).toEqual([...['node', 'node_modules/@products/db/dist/cli.js'], 'init', 'roles']);
    expect(init?.environment?.['DATABASE_URL']).toMatch(/^postgresql:\/\/postgres:\$\{POSTGRES_PASSWORD:/);
    expect(backend?.environment?.['DATABASE_URL']).toMatch(/^postgresql:\/\/products_service:\$\{DB_SERVICE_PASSWORD:/);
    expect(exporter?.environment).toMatchObject({
      DATA_SOURCE_USER: 'products_exporter',
      DATA_SOURCE_PASS: init?.environment?.['DB_EXPORTER_PASSWORD'],
    });
    for (const { depends_on } of [backend ?? {}, exporter ?? {}]) {
      expect(depends_on).toEqual({ init: { condition: 'service_completed_successfully' } });
    }
    const owners = services.filter(([, service]) => JSON.stringify(service).includes('POSTGRES_PASSWORD'));
    expect(owners.map(([name]) => name)).toEqual(['postgres', 'init']);
  });

  it.each(services)('%s mounts files that exist, and volumes that are declared', (_, { volumes = [] }) => {
    for (const source of volumes.map((volume) => String(volume.split(':')[0]))) {
      if (source.startsWith('.')) expect(existsSync(path.join(deploy, source)), source).toBe(true);
      else if (!source.startsWith('/')) expect(Object.keys(compose.volumes)).toContain(source);
    }
  });

  it('opens ports to this machine only, and those that the documents name', () => {
    const ports = services.flatMap(([, service]) => service.ports ?? []);
    expect(ports.sort()).toEqual([
      '127.0.0.1:16686:16686',
      '127.0.0.1:3000:3000',
      '127.0.0.1:5000:5000',
      '127.0.0.1:9090:9090',
      '127.0.0.1:9093:9093',
    ]);
  });

  it('has no password in it: each comes from deploy/.env, which git leaves out', () => {
    const variables = [...readText('compose.yaml').matchAll(/(?<!\$)\$\{(\w+)(:\?)?/g)].filter(
      ([, name]) => name !== 'ALERT_WEBHOOK_URL',
    );
    const example = [...readText('.env.example').matchAll(/^(\w+)=(.*)$/gm)];
    expect(example.map(([, name, value]) => [name, value])).toEqual([
      ['POSTGRES_PASSWORD', ''],
      ['DB_SERVICE_PASSWORD', ''],
      ['DB_EXPORTER_PASSWORD', ''],
      ['GRAFANA_ADMIN_PASSWORD', ''],
    ]);
    expect(new Set(variables.map(([, name]) => name))).toEqual(new Set(example.map(([, name]) => name)));
    expect(variables.filter(([, , required]) => required === undefined)).toEqual([]);
    expect(readFileSync(path.join(repository, '.gitignore'), 'utf8')).toContain('/deploy/.env\n');
  });

  it('gives the backend variables that it knows, and the time that its stop takes', () => {
    const { environment = {}, stop_grace_period } = compose.services['backend'] ?? {};
    const known = { ...serviceEnvironment, NODE_OPTIONS: '' };
    expect(Object.keys(environment).filter((name) => !(name in known) && !/^JAEGER_/.test(name))).toEqual([]);
    // docs/operations.md: spans, connections, the last lines.
    const stopSeconds =
      Number(environment['SHUTDOWN_DELAY'] ?? 0) + Number(environment['SHUTDOWN_TIMEOUT']) + 2 + 1 + 1;
    expect(Number.parseInt(String(stop_grace_period), 10)).toBeGreaterThan(stopSeconds);
  });
});

describe('an alert', () => {
  const { alertmanager, alloy, prometheus } = compose.services;

  it('has an address where no webhook is configured: lines of Alloy’s, on the port that it opens', () => {
    expect(readText('.env.example')).toMatch(/^# ALERT_WEBHOOK_URL=/m);
    const [, name, fallback] = /^\$\{(\w+):-(.+)\}$/.exec(alertmanager?.environment?.['ALERT_WEBHOOK_URL'] ?? '') ?? [];
    expect(name).toBe('ALERT_WEBHOOK_URL');
    const { hostname, port, pathname } = new URL(String(fallback));
    expect(compose.services[hostname]).toBe(alloy);
    expect(pathname).toBe('/loki/api/v1/raw');
    expect(readText('alloy/config.alloy')).toContain(`listen_port    = ${port}\n`);
  });

  it('is told to the URL of the variable, by a file that its program’s start writes', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'products-test-compose-'));
    const file = path.join(folder, 'url');
    const programs = path.join(folder, 'bin');
    mkdirSync(programs);
    // What the start runs last: it prints its arguments.
    symlinkSync('/bin/echo', path.join(programs, 'alertmanager'));
    const [program = '', ...args] = (alertmanager?.entrypoint ?? []).map((each) =>
      each.replaceAll('$$', '$').replace('/tmp/webhook-url', file),
    );
    const url = 'https://example.com/a?b=1&c=%20"$HOME';
    const env = { PATH: `${programs}:/bin:/usr/bin`, ALERT_WEBHOOK_URL: url };
    const printed = execFileSync(program, [...args, ...(alertmanager?.command ?? [])], { env, encoding: 'utf8' });
    expect(printed.trim().split(' ')).toEqual(alertmanager?.command);
    expect(readFileSync(file, 'utf8')).toBe(url);
    rmSync(folder, { recursive: true });
    const { receivers } = parse(readText('alertmanager/alertmanager.yml'));
    for (const { webhook_configs } of receivers) expect(webhook_configs).toEqual([{ url_file: '/tmp/webhook-url' }]);
    expect(alertmanager?.tmpfs).toEqual(['/tmp']);
  });

  it('comes from Prometheus, which serves the page that the link leads to', () => {
    const { alerting } = parse(readText('prometheus/prometheus.yml'));
    expect(alerting.alertmanagers).toEqual([{ static_configs: [{ targets: ['alertmanager:9093'] }] }]);
    expect(prometheus?.ports).toEqual(['127.0.0.1:9090:9090']);
    expect(prometheus?.command).toContain('--web.console.templates=/etc/prometheus/consoles');
    expect(prometheus?.volumes).toContain('./prometheus/consoles:/etc/prometheus/consoles:ro');
  });
});

interface ScrapeConfig {
  readonly job_name: string;
  readonly static_configs: readonly { readonly targets: readonly string[] }[];
}
const prometheus: { rule_files: readonly string[]; scrape_configs: readonly ScrapeConfig[] } = parse(
  readText('prometheus/prometheus.yml'),
);

describe('what the service says, and what the stack makes of it', () => {
  it('Grafana asks services of the stack', () => {
    for (const { url } of readDataSources()) expect(Object.keys(compose.services)).toContain(new URL(url).hostname);
  });

  it('lines get the label that queries select by', () => {
    expect(Object.keys(compose.services)).toContain('backend');
    // The collector's label is the name of the compose service.
    expect(readText('alloy/config.alloy')).toMatch(/target_label {2}= "service"/);
  });

  it('Prometheus keeps exemplars', () => {
    expect(compose.services['prometheus']?.command).toContain('--enable-feature=exemplar-storage');
  });

  it('Prometheus scrapes the service as job "backend", and every other job at a service of the stack', () => {
    const targets = prometheus.scrape_configs.map(({ job_name, static_configs }) => [
      job_name,
      static_configs.flatMap((config) => config.targets),
    ]);
    expect(Object.fromEntries(targets)).toMatchObject({
      backend: ['backend:5000'],
      postgres: ['postgres-exporter:9187'],
    });
    for (const target of targets.flatMap(([, addresses]) => addresses ?? [])) {
      const host = String(target).split(':')[0];
      expect(host === 'localhost' || (host !== undefined && host in compose.services), host).toBe(true);
    }
    expect(metrics).toHaveProperty('http_requests_total');
    expect(prometheus.rule_files).toEqual(['rules/*.yml']);
  });

  it('Jaeger listens where the service sends', () => {
    const jaeger = parse(readText('jaeger/jaeger.yaml'));
    const { JAEGER_AGENT_HOST, JAEGER_AGENT_PORT } = compose.services['backend']?.environment ?? {};
    expect(JAEGER_AGENT_HOST).toBe('jaeger');
    expect(jaeger.receivers.jaeger.protocols.thrift_compact.endpoint).toBe(`0.0.0.0:${JAEGER_AGENT_PORT}`);
    expect(jaeger.service.pipelines.traces.receivers).toContain('jaeger');
  });
});
