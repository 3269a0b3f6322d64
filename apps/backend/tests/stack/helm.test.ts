// What the chart's values choose, and what they may not be.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readTracing } from '@products/telemetry';
import { describe, expect, it } from 'vitest';
import { compile, deployFolder, environments, helm, Rendered, validate } from './chart.js';

const set = (...values: readonly string[]) => values.flatMap((value) => ['--set', value]);

/** The ports of a policy's rules out: `4318/TCP`. */
function portsOut(rendered: Rendered, policy = /^backend$/): readonly string[][] {
  const { egress = [] } = rendered.find('NetworkPolicy', policy).spec ?? {};
  return egress.map(({ ports = [] }) => ports.map(({ port, protocol }) => `${port}/${protocol}`));
}

describe.each(environments)('deploy/kubernetes/%s', (environment) => {
  const committed = path.join(deployFolder, 'kubernetes', environment);
  const folder = mkdtempSync(path.join(tmpdir(), 'products-chart-'));
  helm(['template', 'products', '--namespace', 'products'], environment, ['--output-dir', folder]);
  const templates = path.join(folder, 'products/templates');
  const files = readdirSync(templates).map((name) => [name, readFileSync(path.join(templates, name), 'utf8')] as const);
  rmSync(folder, { recursive: true });

  it.each(files)('%s is what the chart gives; if not, npm run manifests', async (name, text) => {
    await expect(text).toMatchFileSnapshot(path.join(committed, name));
  });

  it('holds nothing else', () => {
    expect(readdirSync(committed).sort()).toEqual(files.map(([name]) => name).sort());
  });
});

describe('spans', () => {
  const dns = ['53/UDP', '53/TCP'];

  it.each([
    [[], 'otlp', 'http://jaeger.observability:4318/v1/traces', ['4318/TCP']],
    [['traces.port=4317'], 'otlp', 'http://jaeger.observability:4317/v1/traces', ['4317/TCP']],
    [['traces.receiver=collector'], 'collector', 'http://jaeger.observability:14268/api/traces', ['14268/TCP']],
    [['traces.receiver=agent'], 'agent', 6_831, ['6831/UDP']],
    [['traces.receiver=agent', 'traces.port=6832'], 'agent', 6_832, ['6832/UDP']],
    [['traces.receiver=agent', 'traces.sampler=remote'], 'agent', 6_831, ['6831/UDP', '5778/TCP']],
    [['traces.sampler=remote'], 'otlp', 'http://jaeger.observability:4318/v1/traces', ['4318/TCP', '5778/TCP']],
    [['traces.receiver=none'], 'none', undefined, undefined],
  ] as const)('%j: the service sends where the policy lets it', (values, kind, target, ports) => {
    const rendered = new Rendered('production', ...set(...values));
    const { settings, problems, unused } = readTracing(rendered.variables);
    expect([problems, unused]).toEqual([[], []]);
    const { receiver, sampler } = settings;
    expect(receiver.kind).toBe(kind);
    expect('url' in receiver ? receiver.url : 'port' in receiver ? receiver.port : undefined).toBe(target);
    expect(portsOut(rendered)).toEqual([dns, ['5432/TCP'], ...(ports === undefined ? [] : [ports])]);
    if (sampler.JAEGER_SAMPLER_TYPE === 'remote') {
      expect(sampler.JAEGER_SAMPLING_ENDPOINT).toBe('http://jaeger.observability:5778/sampling');
    }
  });
});

describe('the network policies', () => {
  it('let the service and its migrations out to the database’s ports, PgBouncer’s too', () => {
    const rendered = new Rendered('production', '--set', 'database.ports={5432,6432}');
    expect(portsOut(rendered)[1]).toEqual(['5432/TCP', '6432/TCP']);
    expect(portsOut(rendered, /^db-migrate$/)).toEqual(portsOut(rendered).slice(0, 2));
  });

  it('let out to names at the node and in the cluster, and nowhere to everything', () => {
    const { egress = [] } = new Rendered('production').find('NetworkPolicy', /^backend$/).spec ?? {};
    expect(egress[0]?.to).toEqual([
      { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } } },
      { ipBlock: { cidr: '169.254.20.10/32' } },
    ]);
    for (const { to = [], ports = [] } of egress) {
      expect(Math.min(to.length, ports.length)).toBeGreaterThan(0);
      expect(JSON.stringify(to)).not.toMatch(/\/0"|Selector":\{\}/);
    }
  });

  it('let in clients and Prometheus, and nobody to the migrations', () => {
    const rendered = new Rendered('production');
    const [rule, ...others] = rendered.find('NetworkPolicy', /^backend$/).spec?.ingress ?? [];
    expect(others).toEqual([]);
    expect(rule).toEqual({
      from: [
        { namespaceSelector: { matchLabels: { 'products-client': 'true' } } },
        { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'observability' } } },
      ],
      ports: [{ port: 'http' }],
    });
    const migrations = rendered.find('NetworkPolicy', /^db-migrate$/).spec;
    expect(migrations?.policyTypes).toEqual(['Ingress', 'Egress']);
    expect(migrations?.ingress).toBeUndefined();
  });

  it('are none where the cluster has its own', () => {
    expect(new Rendered('production', ...set('networkPolicy.enabled=false')).counts).not.toHaveProperty(
      'NetworkPolicy',
    );
  });
});

describe('the migrations of a release', () => {
  it('are a Job of its own for each revision and each image', () => {
    const name = (...options: readonly string[]) => new Rendered('production', ...options).find('Job').metadata?.name;
    expect(name()).toMatch(/^db-migrate-1-[0-9a-f]{10}$/);
    expect(name()).toBe(name());
    expect(name(...set('image.tag=1.0.1'))).not.toBe(name());
    expect(name('--is-upgrade', ...set('image.tag=v2'))?.length).toBeLessThanOrEqual(63);
  });

  it('run before the pods are rolled, after their policy, in Helm and in Argo CD', () => {
    const { manifests } = new Rendered('production');
    const hooks = manifests.filter(({ metadata }) => metadata.annotations?.['helm.sh/hook'] !== undefined);
    const wave = (weight: string) => ({
      'helm.sh/hook': 'pre-install,pre-upgrade',
      'helm.sh/hook-weight': weight,
      'helm.sh/hook-delete-policy': 'before-hook-creation',
      'argocd.argoproj.io/hook': 'PreSync',
      'argocd.argoproj.io/sync-wave': weight,
      'argocd.argoproj.io/hook-delete-policy': 'BeforeHookCreation',
    });
    expect(hooks.map(({ kind, metadata }) => [kind, metadata.annotations])).toEqual([
      ['NetworkPolicy', wave('-1')],
      ['Job', wave('0')],
    ]);
  });
});

it('a route of the Gateway API has the API’s paths and no other', () => {
  const route = [
    'httpRoute.enabled=true',
    'httpRoute.parentRefs[0].name=public',
    'httpRoute.hostnames={a.example.com}',
  ];
  const rendered = new Rendered('production', ...set(...route));
  const found = rendered.manifests.filter(({ kind }) => kind === 'HTTPRoute');
  for (const manifest of found) validate(manifest);
  expect(compile(found)).toBe('');
  const [rule] = rendered.find('HTTPRoute').spec?.rules ?? [];
  expect(rule?.matches?.map(({ path: match }) => match?.value)).toEqual(['/products', '/trpc']);
  const [port] = rendered.find('Service').spec?.ports ?? [];
  expect(rule?.backendRefs).toEqual([{ name: 'backend', port: port?.port }]);
});

it('a pod’s grace period follows from how long a stop may take', () => {
  const [{ terminationGracePeriodSeconds }] = new Rendered('production', '--set-json', 'shutdown.timeout=20.5').pods;
  expect(terminationGracePeriodSeconds).toBe(10 + 21 + 12);
});

it.each([
  ['worker=2', "additional properties 'worker' not allowed"],
  ['workers=0', '/workers'],
  ['env.PORT=8080', "invalid propertyName 'PORT'"],
  ['env.log_level=DEBUG', "invalid propertyName 'log_level'"],
  ['traces.receiver=zipkin', "one of 'otlp', 'collector', 'agent', 'none'"],
  ['database.ports={0}', '/database/ports/0'],
  ['database.peers=null', '/database'],
  ['database.samples=yes', '/database/samples'],
  ['image.tag=a/b', '/image/tag'],
  ['resources.limits.memory=null', '/resources/limits'],
  ['httpRoute.enabled=true', '/httpRoute/parentRefs'],
])('%s is refused, with where and why', (value, message) => {
  expect(() => new Rendered('production', ...set(value))).toThrow(message);
});
