import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { ServiceMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/ServiceMonitor';
import { telemetryEnvironment } from '@products/telemetry';
import { Deployment } from 'kubernetes-models/apps/v1/Deployment';
import { HorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler';
import { Job } from 'kubernetes-models/batch/v1/Job';
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget';
import { ConfigMap } from 'kubernetes-models/v1/ConfigMap';
import { Namespace } from 'kubernetes-models/v1/Namespace';
import type { PodSpec } from 'kubernetes-models/v1/PodSpec';
import { Service } from 'kubernetes-models/v1/Service';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { readConfig, serviceEnvironment } from '../../src/config.js';

// The manifests as kustomize renders them, against the API's schemas and against the service; no cluster is needed.

const backendFolder = path.resolve(import.meta.dirname, '../..');
const overlays = path.resolve(backendFolder, '../../deploy/kubernetes/overlays');

/** docs/operations.md, after the requests: spans, connections, the last lines. */
const AFTER_REQUESTS_SECONDS = 2 + 1 + 1;

const models = {
  ConfigMap,
  Deployment,
  HorizontalPodAutoscaler,
  Job,
  Namespace,
  NetworkPolicy,
  PodDisruptionBudget,
  Service,
  ServiceMonitor,
} as const;
type Kind = keyof typeof models;

interface Manifest {
  readonly apiVersion: string;
  readonly kind: Kind;
  readonly metadata: { readonly name: string };
}

function render(overlay: string): readonly Manifest[] {
  const rendered = execFileSync('kubectl', ['kustomize', path.join(overlays, overlay)], { encoding: 'utf8' });
  return parseAllDocuments(rendered).map((document) => document.toJS());
}

/** What the compiler says of the manifests as literals of their types: it knows every field, and so every misspelt one. */
function compile(manifests: readonly Manifest[]): string {
  const folder = mkdtempSync(path.join(backendFolder, 'node_modules/.manifests-'));
  try {
    const source = manifests.map((manifest, index) => {
      const scope = manifest.kind === 'ServiceMonitor' ? '@kubernetes-models/prometheus-operator' : 'kubernetes-models';
      const type = `import('${scope}/${manifest.apiVersion}/${manifest.kind}').I${manifest.kind}`;
      return `export const manifest${index}: ${type} = ${JSON.stringify(manifest, null, 1)};\n`;
    });
    writeFileSync(path.join(folder, 'manifests.mts'), source.join(''));
    const compiler = path.join(
      path.dirname(createRequire(import.meta.url).resolve('typescript/package.json')),
      'bin/tsc',
    );
    const options = [
      '--noEmit',
      '--ignoreConfig',
      '--strict',
      '--skipLibCheck',
      '--module',
      'nodenext',
      '--target',
      'es2024',
      '--types',
      '',
    ];
    return spawnSync('node', [compiler, ...options, path.join(folder, 'manifests.mts')], { encoding: 'utf8' }).stdout;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

it('a misspelt field and a wrong type are found', () => {
  const [deployment] = render('production').filter(({ kind }) => kind === 'Deployment');
  const text = JSON.stringify(deployment);
  expect(compile([JSON.parse(text.replace('readinessProbe', 'readynessProbe'))])).toContain('readynessProbe');
  expect(() => new Deployment(JSON.parse(text.replace('"maxSurge":1', '"maxSurge":[1]'))).validate()).toThrow(
    'maxSurge',
  );
});

/** The manifests of one overlay, each kind of which there is one at most. */
function readOverlay(overlay: string) {
  const manifests = render(overlay);
  const find = <K extends Kind>(kind: K): InstanceType<(typeof models)[K]> => {
    const [found, second] = manifests.filter((manifest) => manifest.kind === kind);
    if (found === undefined || second !== undefined) throw new Error(`not one ${kind} in ${overlay}`);
    return new models[kind](found as never) as InstanceType<(typeof models)[K]>;
  };
  const podOf = (kind: 'Deployment' | 'Job'): PodSpec => {
    const { template } = find(kind).spec ?? {};
    if (template?.spec === undefined) throw new Error(`${kind} without pods`);
    return template.spec as PodSpec;
  };
  const [container] = podOf('Deployment').containers;
  if (container === undefined) throw new Error('no container');
  return { manifests, find, pods: [podOf('Deployment'), podOf('Job')], deployed: podOf('Deployment'), container };
}

describe.each(readdirSync(overlays))('the overlay %s', (overlay) => {
  const { manifests, find, pods, deployed, container } = readOverlay(overlay);

  it('is what the schemas of the API allow, and has no field that they do not know', () => {
    for (const manifest of manifests) new models[manifest.kind](manifest as never).validate();
    expect(compile(manifests)).toBe('');
  });

  it('sets variables that the service knows, to values that it takes', () => {
    const { data = {} } = find('ConfigMap');
    const known = { ...serviceEnvironment, ...telemetryEnvironment };
    const named = pods.flatMap(({ containers }) => containers.flatMap(({ env = [] }) => env.map(({ name }) => name)));
    // The job's own: db:roles reads it.
    expect([...Object.keys(data), ...named].filter((name) => !(name in known))).toEqual(['DB_SERVICE_PASSWORD']);
    readConfig({ ...data, DATABASE_URL: 'postgresql://postgres/products_db' });
  });

  it('gives a stop the time that it takes, and the load balancer the time to notice', () => {
    const config = readConfig(find('ConfigMap').data ?? {});
    const stopSeconds = (config.shutdownDelayMs + config.shutdownTimeoutMs) / 1_000 + AFTER_REQUESTS_SECONDS;
    expect(deployed.terminationGracePeriodSeconds).toBeGreaterThan(stopSeconds);
    const { periodSeconds = 10, failureThreshold = 3 } = container.readinessProbe ?? {};
    expect(config.shutdownDelayMs / 1_000).toBeGreaterThan(periodSeconds * failureThreshold);
  });

  it('asks each probe’s question where it is answered', () => {
    expect(container.ports).toEqual([{ name: 'http', containerPort: readConfig(find('ConfigMap').data ?? {}).port }]);
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
      for (const container of spec.containers) {
        images.add(container.image);
        expect(container.securityContext).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
        expect(container.resources).toMatchObject({
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
    expect(find('Namespace').metadata?.labels).toMatchObject({ 'pod-security.kubernetes.io/enforce': 'restricted' });
  });

  it('connects the job as the owner and the service as the role that the job makes, by two secrets', () => {
    const [service, job] = pods.map(({ containers }) => containers.flatMap(({ env = [] }) => env));
    const fromSecret = (variable: string, name: string, key: string) => ({
      name: variable,
      valueFrom: { secretKeyRef: { name, key } },
    });
    expect(service).toEqual([fromSecret('DATABASE_URL', 'backend-database', 'url')]);
    expect(job).toEqual([
      fromSecret('DATABASE_URL', 'database-owner', 'url'),
      fromSecret('DB_SERVICE_PASSWORD', 'database-owner', 'service-password'),
    ]);
    expect(pods[1]?.containers[0]?.command?.slice(-2)).toEqual(['init', 'roles']);
  });

  it('lets pods out to names, traces and one database, each at its port and no further', () => {
    const { egress = [], policyTypes } = find('NetworkPolicy').spec ?? {};
    expect(policyTypes).toEqual(['Ingress', 'Egress']);
    const [names, traces, database, ...others] = egress;
    expect([names, traces].map((rule) => rule?.ports?.map(({ port }) => port))).toEqual([[53, 53], [4318]]);
    expect(others).toEqual([]);
    expect(database?.ports).toEqual([{ port: expect.any(Number), protocol: 'TCP' }]);
    for (const { to } of egress) {
      expect(to).toHaveLength(1);
      expect(JSON.stringify(to)).not.toMatch(/\/0"|Selector":\{\}/);
    }
  });

  it('selects the pods that it means', () => {
    const labels = find('Deployment').spec?.template.metadata?.labels;
    expect(labels).toMatchObject(find('Service').spec?.selector ?? { none: '' });
    expect(labels).toMatchObject(find('Deployment').spec?.selector.matchLabels ?? { none: '' });
    const isolated = find('NetworkPolicy').spec?.podSelector?.matchLabels ?? { none: '' };
    for (const kind of ['Deployment', 'Job'] as const) {
      expect(find(kind).spec?.template.metadata?.labels).toMatchObject(isolated);
    }
    // The Job's pods are none of the Service's.
    expect(find('Job').spec?.template.metadata?.labels).not.toMatchObject(find('Service').spec?.selector ?? {});
  });

  it('configures the pods by a map whose name changes with its content', () => {
    const { metadata } = find('ConfigMap');
    expect(metadata?.name).toMatch(/^backend-\w{10}$/);
    expect(container.envFrom).toEqual([{ configMapRef: { name: metadata?.name } }]);
  });
});

it('no overlay, no database: the base lets pods out to names and traces only', () => {
  const { egress } = parse(readFileSync(path.join(overlays, '../base/network-policy.yaml'), 'utf8')).spec;
  const ports = egress.flatMap((rule: { ports: { port: number }[] }) => rule.ports.map(({ port }) => port));
  expect(ports).toEqual([53, 53, 4318]);
});

it('production scales, survives a drained node, and is scraped as job "backend"', () => {
  const { find } = readOverlay('production');
  const labels = find('Deployment').spec?.template.metadata?.labels;
  expect(find('HorizontalPodAutoscaler').spec?.scaleTargetRef).toMatchObject({ kind: 'Deployment', name: 'backend' });
  expect(find('Deployment').spec?.replicas).toBeUndefined();
  expect(labels).toMatchObject(find('PodDisruptionBudget').spec?.selector?.matchLabels ?? { none: '' });
  const { jobLabel = '', endpoints, selector } = find('ServiceMonitor').spec ?? {};
  const service = find('Service');
  expect(service.metadata?.labels?.[jobLabel]).toBe('backend');
  expect(service.metadata?.labels).toMatchObject(selector?.matchLabels ?? { none: '' });
  expect(service.spec?.ports?.map(({ name }) => name)).toContain(endpoints?.[0]?.port);
});
