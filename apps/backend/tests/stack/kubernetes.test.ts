// What the chart makes for each environment, against the API's schemas and against the service.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { telemetryEnvironment } from '@products/telemetry';
import { Deployment } from 'kubernetes-models/apps/v1/Deployment';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readConfig, serviceEnvironment } from '../../src/config.js';
import { chartFolder, compile, deployFolder, environments, helm, Rendered, validate } from './chart.js';

/** docs/operations.md, after the requests: spans, connections, the last lines. */
const AFTER_REQUESTS_SECONDS = 2 + 1 + 1;
/** docs/deployment.md: what a worker takes beside its heap, and its young generation, three semi-spaces. */
const OUTSIDE_HEAP_MB = 120;
const SEMI_SPACE_MB = 16;
const HEAP_PERCENT = 60;

it('a misspelt field and a wrong type are found', () => {
  const text = JSON.stringify(new Rendered('production').find('Deployment'));
  expect(compile([JSON.parse(text.replace('readinessProbe', 'readynessProbe'))])).toContain('readynessProbe');
  expect(() => new Deployment(JSON.parse(text.replace('"maxSurge":1', '"maxSurge":[1]'))).validate()).toThrow(
    'maxSurge',
  );
});

describe.each(environments)('%s', (environment) => {
  const rendered = new Rendered(environment);
  const { manifests, pods, container, variables } = rendered;

  it('is what the schemas of the API allow, and has no field that they do not know', () => {
    for (const manifest of manifests) validate(manifest);
    expect(compile(manifests)).toBe('');
    const counts = Object.entries(rendered.counts).map(([kind, count]) => `${count} ${kind}`);
    process.stdout.write(`\n${environment}: ${manifests.length} manifests valid: ${counts.join(', ')}\n`);
  });

  it('has nothing that helm lint warns of', () => {
    expect(helm(['lint', '--strict', '--quiet'], environment)).toBe('');
  });

  it('sets variables that the service or Node.js knows, to values that they take', () => {
    const known = { ...serviceEnvironment, ...telemetryEnvironment, NODE_OPTIONS: '' };
    const named = pods.flatMap(({ containers }) => containers.flatMap(({ env = [] }) => env.map(({ name }) => name)));
    // The job's own: db:roles reads it.
    expect(named.filter((name) => !(name in known))).toEqual(['DB_SERVICE_PASSWORD']);
    readConfig({ ...variables, DATABASE_URL: 'postgresql://postgres/products_db' });
  });

  it('gives a stop the time that it takes, and the load balancer the time to notice', () => {
    const config = readConfig(variables);
    const stopSeconds = (config.shutdownDelayMs + config.shutdownTimeoutMs) / 1_000 + AFTER_REQUESTS_SECONDS;
    expect(pods[0].terminationGracePeriodSeconds).toBeGreaterThan(stopSeconds);
    const { periodSeconds = 10, failureThreshold = 3 } = container.readinessProbe ?? {};
    expect(config.shutdownDelayMs / 1_000).toBeGreaterThan(periodSeconds * failureThreshold);
  });

  it('asks each probe’s question where it is answered', () => {
    expect(container.ports).toEqual([{ name: 'http', containerPort: readConfig(variables).port }]);
    const { startupProbe, livenessProbe, readinessProbe } = container;
    expect(startupProbe?.httpGet).toEqual({ path: '/livez', port: 'http' });
    expect(livenessProbe?.httpGet).toEqual({ path: '/livez', port: 'http' });
    expect(readinessProbe?.httpGet).toEqual({ path: '/readyz', port: 'http' });
  });

  it('runs everything restricted, with limits, from one image', () => {
    const images = new Set<string | undefined>();
    for (const spec of pods) {
      expect(spec.automountServiceAccountToken).toBe(false);
      // A Service called "jaeger-agent" would set JAEGER_AGENT_PORT.
      expect(spec.enableServiceLinks).toBe(false);
      expect(spec.securityContext).toMatchObject({
        runAsNonRoot: true,
        runAsUser: 1_000,
        seccompProfile: { type: 'RuntimeDefault' },
      });
      for (const { image, resources, securityContext } of spec.containers) {
        images.add(image);
        expect(securityContext).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
        expect(resources).toMatchObject({
          requests: {
            cpu: expect.any(String),
            memory: expect.any(String),
            'ephemeral-storage': expect.stringMatching(/^\d+Mi$/),
          },
          limits: { memory: expect.any(String), 'ephemeral-storage': expect.stringMatching(/^\d+Mi$/) },
        });
      }
    }
    expect([...images]).toEqual([expect.stringMatching(/backend-service:\d+\.\d+\.\d+$/)]);
    expect(manifests.map(({ kind }) => String(kind))).not.toContain('Secret');
  });

  it('shares the memory of a pod among heaps and what is beside them', () => {
    const limitMb = Number(/^(\d+)Mi$/.exec(String(container.resources?.limits?.['memory']))?.[1]);
    const heapMb = (limitMb * HEAP_PERCENT) / 100 + readConfig(variables).workers * 3 * SEMI_SPACE_MB;
    expect(heapMb + readConfig(variables).workers * OUTSIDE_HEAP_MB).toBeLessThan(limitMb);
  });

  it('connects the job as the owner and the service as the role that the job makes, by two secrets', () => {
    const fromSecrets = pods.map(({ containers }) =>
      containers.flatMap(({ env = [] }) => env.filter(({ valueFrom }) => valueFrom !== undefined)),
    );
    const fromSecret = (variable: string, name: string, key: string) => ({
      name: variable,
      valueFrom: { secretKeyRef: { name, key } },
    });
    expect(fromSecrets).toEqual([
      [fromSecret('DATABASE_URL', 'backend-database', 'url')],
      [
        fromSecret('DATABASE_URL', 'database-owner', 'url'),
        fromSecret('DB_SERVICE_PASSWORD', 'database-owner', 'service-password'),
      ],
    ]);
  });

  it('selects the pods that it means', () => {
    const labels = rendered.find('Deployment').spec?.template.metadata?.labels;
    const jobLabels = rendered.find('Job').spec?.template.metadata?.labels;
    expect(labels).toMatchObject(rendered.find('Service').spec?.selector ?? { none: '' });
    expect(labels).toMatchObject(rendered.find('Deployment').spec?.selector.matchLabels ?? { none: '' });
    const isolated = (name: RegExp) =>
      rendered.find('NetworkPolicy', name).spec?.podSelector?.matchLabels ?? { none: '' };
    expect(labels).toMatchObject(isolated(/^backend$/));
    expect(jobLabels).toMatchObject(isolated(/^db-migrate$/));
    // The Job's pods are none of the Service's.
    expect(jobLabels).not.toMatchObject(rendered.find('Service').spec?.selector ?? {});
  });
});

it('only development has samples', () => {
  const [development, production] = environments.map((name) => new Rendered(name).pods[1].containers[0]?.command);
  expect(development?.slice(-2)).toEqual(['init', 'roles']);
  expect(production?.slice(-2)).toEqual(['migrate', 'roles']);
});

it('a heap is the share of the memory that the pods are given it', () => {
  const { NODE_OPTIONS = '' } = new Rendered('production', '--set', 'workers=4').variables;
  const script = 'v8.getHeapStatistics().heap_size_limit / Math.min(process.constrainedMemory(), os.totalmem())';
  // biome-ignore lint/style/noProcessEnv: the Node.js that runs the tests runs the service.
  const env = { PATH: process.env['PATH'], NODE_OPTIONS };
  const share = Number(execFileSync('node', ['--print', script], { env, encoding: 'utf8' }));
  // Half of the memory, or 4 GB, by itself.
  expect(share).toBeGreaterThan(HEAP_PERCENT / 4 / 100);
  expect(share).toBeLessThan(HEAP_PERCENT / 4 / 100 + 0.03);
});

describe('production', () => {
  const rendered = new Rendered('production');

  it('scales, and survives a drained node', () => {
    const scaler = rendered.find('HorizontalPodAutoscaler').spec;
    expect(scaler?.scaleTargetRef).toMatchObject({ kind: 'Deployment', name: 'backend' });
    expect(rendered.find('Deployment').spec?.replicas).toBeUndefined();
    const labels = rendered.find('Deployment').spec?.template.metadata?.labels;
    expect(labels).toMatchObject(rendered.find('PodDisruptionBudget').spec?.selector?.matchLabels ?? { none: '' });
  });

  it('is scraped as job "backend"', () => {
    const { jobLabel = '', endpoints, selector } = rendered.find('ServiceMonitor').spec ?? {};
    const service = rendered.find('Service');
    expect(service.metadata?.labels?.[jobLabel]).toBe('backend');
    expect(service.metadata?.labels).toMatchObject(selector?.matchLabels ?? { none: '' });
    expect(service.spec?.ports?.map(({ name }) => name)).toContain(endpoints?.[0]?.port);
  });

  it('has the rules and the dashboards of the compose stack', () => {
    const read = (folder: string) =>
      readdirSync(path.join(deployFolder, folder)).map(
        (name) => [name, readFileSync(path.join(deployFolder, folder, name), 'utf8')] as const,
      );
    const { groups } = rendered.find('PrometheusRule').spec ?? {};
    expect(groups).toEqual(read('prometheus/rules').flatMap(([, text]) => parse(text).groups));
    const dashboards = read('grafana/dashboards').map(([name, text]) => ({ [name]: text }));
    const maps = rendered.manifests.filter(({ kind }) => kind === 'ConfigMap');
    expect(maps.map((map) => (map as unknown as { data: unknown }).data)).toEqual(dashboards);
    expect(new Set(maps.map(({ metadata }) => metadata.labels?.['grafana_dashboard']))).toEqual(new Set(['1']));
    const rules = groups?.reduce((sum, group) => sum + (group.rules?.length ?? 0), 0);
    process.stdout.write(`\nproduction: ${rules} rules in ${groups?.length} groups, ${maps.length} dashboards\n`);
  });
});

it('every value that the chart has is one that its schema describes', () => {
  const schema = JSON.parse(readFileSync(path.join(chartFolder, 'values.schema.json'), 'utf8'));
  const values = parse(readFileSync(path.join(chartFolder, 'values.yaml'), 'utf8'));
  const { global: _helm, ...described } = schema.properties;
  expect(Object.keys(values).sort()).toEqual(Object.keys(described).sort());
  for (const [name, { properties }] of Object.entries<{ properties?: object }>(described)) {
    if (properties !== undefined) expect(Object.keys(values[name]).sort()).toEqual(Object.keys(properties).sort());
  }
});
