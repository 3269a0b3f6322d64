// The chart as Helm renders it; no cluster is needed.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { HTTPRoute } from '@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1/HTTPRoute';
import { PrometheusRule } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PrometheusRule';
import { ServiceMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/ServiceMonitor';
import { buildHelm } from '@products/programs';
import { Deployment } from 'kubernetes-models/apps/v1/Deployment';
import { HorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler';
import { Job } from 'kubernetes-models/batch/v1/Job';
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget';
import { ConfigMap } from 'kubernetes-models/v1/ConfigMap';
import type { Container } from 'kubernetes-models/v1/Container';
import type { PodSpec } from 'kubernetes-models/v1/PodSpec';
import { Service } from 'kubernetes-models/v1/Service';
import { parseAllDocuments } from 'yaml';

const backendFolder = path.resolve(import.meta.dirname, '../..');
export const deployFolder = path.resolve(backendFolder, '../../deploy');
export const chartFolder = path.join(deployFolder, 'helm/products');
export const helmProgram = await buildHelm();

/** The environments of deploy/kubernetes, by the chart's values-….yaml. */
export const environments = ['development', 'production'] as const;
export type Environment = (typeof environments)[number];

const models = {
  ConfigMap,
  Deployment,
  HTTPRoute,
  HorizontalPodAutoscaler,
  Job,
  NetworkPolicy,
  PodDisruptionBudget,
  PrometheusRule,
  Service,
  ServiceMonitor,
} as const;
export type Kind = keyof typeof models;
type Model<K extends Kind> = InstanceType<(typeof models)[K]>;

/** Where the types are of what is no part of Kubernetes itself. */
const scopes: Partial<Record<Kind, string>> = {
  HTTPRoute: '@kubernetes-models/gateway-api',
  PrometheusRule: '@kubernetes-models/prometheus-operator',
  ServiceMonitor: '@kubernetes-models/prometheus-operator',
};

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: Kind;
  readonly metadata: {
    readonly name: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
}

/** Runs Helm on the chart with an environment's values and these options. */
export function helm(command: readonly string[], environment: Environment, options: readonly string[] = []): string {
  const values = ['--values', path.join(chartFolder, `values-${environment}.yaml`)];
  return execFileSync(helmProgram, [...command, chartFolder, ...values, ...options], {
    encoding: 'utf8',
    stdio: 'pipe',
  });
}

/** The chart's manifests, which are asked for by kind and name. */
export class Rendered {
  readonly manifests: readonly Manifest[];

  constructor(environment: Environment, ...options: readonly string[]) {
    const text = helm(['template', 'products', '--namespace', 'products'], environment, options);
    this.manifests = parseAllDocuments(text).map((document) => document.toJS());
  }

  /** Throws unless there is exactly one. */
  find<K extends Kind>(kind: K, name = /^/): Model<K> {
    const [found, second] = this.manifests.filter(
      (manifest) => manifest.kind === kind && name.test(manifest.metadata.name),
    );
    if (found === undefined || second !== undefined) throw new Error(`not one ${kind} ${name}`);
    return new models[kind](found as never) as Model<K>;
  }

  /** The pods of the service and of the migrations. */
  get pods(): readonly [PodSpec, PodSpec] {
    const specs = (['Deployment', 'Job'] as const).map((kind) => this.find(kind).spec?.template.spec as PodSpec);
    return specs as [PodSpec, PodSpec];
  }

  /** The service's. */
  get container(): Container {
    return this.pods[0].containers[0] as Container;
  }

  /** The service's variables, but for secrets. */
  get variables(): Readonly<Record<string, string>> {
    const { env = [] } = this.container;
    return Object.fromEntries(env.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]])));
  }

  /** How many of each kind. */
  get counts(): Readonly<Record<string, number>> {
    const kinds = this.manifests.map(({ kind }) => kind).sort();
    return Object.fromEntries(kinds.map((kind) => [kind, kinds.filter((other) => other === kind).length]));
  }
}

/** Throws with what the API's schema has against it. */
export function validate(manifest: Manifest): void {
  new models[manifest.kind](manifest as never).validate();
}

/** What the compiler says of the manifests as literals of their types: it knows every field, and so every misspelt one. */
export function compile(manifests: readonly Manifest[]): string {
  const folder = mkdtempSync(path.join(backendFolder, 'node_modules/.manifests-'));
  try {
    const source = manifests.map((manifest, index) => {
      const scope = scopes[manifest.kind] ?? 'kubernetes-models';
      const type = `import('${scope}/${manifest.apiVersion}/${manifest.kind}').I${manifest.kind}`;
      return `export const manifest${index}: ${type} = ${JSON.stringify(manifest, null, 1)};\n`;
    });
    writeFileSync(path.join(folder, 'manifests.mts'), source.join(''));
    const compiler = path.join(
      path.dirname(createRequire(import.meta.url).resolve('typescript/package.json')),
      'bin/tsc',
    );
    const options = '--noEmit --ignoreConfig --strict --skipLibCheck --module nodenext --target es2024'.split(' ');
    const parameters = [compiler, ...options, '--types', '', path.join(folder, 'manifests.mts')];
    return spawnSync('node', parameters, { encoding: 'utf8' }).stdout;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
