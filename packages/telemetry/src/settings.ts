import { type Environment, isSet, type Problem, parseEnvironment } from '@products/environment';
import { findSamplerProblem, telemetryEnvironment } from './environment.js';
import {
  findUnusedOfSignals,
  OTLP_PROTOCOL,
  otlpUrl,
  readSignals,
  type SignalSettings,
  usesCommonUrl,
} from './otlp/settings.js';
import type { ResourceSettings } from './resource.js';

type Values = ReturnType<typeof parseEnvironment<typeof telemetryEnvironment>>['values'];
type Variable = keyof typeof telemetryEnvironment;

/** Where spans go. */
export type Receiver =
  | { readonly kind: 'none' }
  | { readonly kind: 'otlp'; readonly url: string }
  | { readonly kind: 'collector'; readonly url: string; readonly authorization: string | undefined }
  | { readonly kind: 'agent'; readonly host: string; readonly port: number };

/** How traces are made and sent. */
export interface TracingSettings extends ResourceSettings {
  readonly isDisabled: boolean;
  /** Whether a request starts a trace of its own, linked to its caller's. */
  readonly isCallerIgnored: boolean;
  readonly receiver: Receiver;
  readonly sampler: SamplerSettings;
  readonly propagators: readonly string[];
  readonly batch: BatchSettings;
}

export type SamplerSettings = Pick<
  Values,
  | 'OTEL_TRACES_SAMPLER'
  | 'OTEL_TRACES_SAMPLER_ARG'
  | 'JAEGER_SAMPLER_TYPE'
  | 'JAEGER_SAMPLER_PARAM'
  | 'JAEGER_SAMPLING_ENDPOINT'
  | 'JAEGER_AGENT_HOST'
> & { readonly serviceName: string };

/** OpenTelemetry's batch span processor (https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/#batch-span-processor). */
export interface BatchSettings {
  readonly delayMs: number;
  readonly timeoutMs: number;
  readonly queueSpansMax: number;
  readonly batchSpansMax: number;
}

/** A variable that is set, that people know, and that changes nothing here. */
export interface UnusedVariable {
  readonly variable: string;
  readonly reason: string;
}

/** Variables of OpenTelemetry and of Jaeger's clients that nothing here reads, with what to do instead. */
const unreadVariables: Readonly<Record<string, string>> = {
  JAEGER_TRACEID_128BIT: 'les ids de trace ont toujours 128 bits',
  JAEGER_PROPAGATION: 'voir OTEL_PROPAGATORS',
  JAEGER_REPORTER_LOG_SPANS: 'voir LOG_LEVEL',
  JAEGER_REPORTER_MAX_QUEUE_SIZE: 'voir OTEL_BSP_MAX_QUEUE_SIZE',
  JAEGER_REPORTER_FLUSH_INTERVAL: 'voir OTEL_BSP_SCHEDULE_DELAY',
  JAEGER_SAMPLER_MANAGER_HOST_PORT: 'voir JAEGER_SAMPLING_ENDPOINT',
  JAEGER_SAMPLER_REFRESH_INTERVAL: 'la stratégie est demandée chaque minute',
  JAEGER_RPC_METRICS: 'voir /metrics',
  OTEL_EXPORTER_JAEGER_ENDPOINT: 'voir JAEGER_ENDPOINT',
  OTEL_EXPORTER_JAEGER_USER: 'voir JAEGER_USER',
  OTEL_EXPORTER_JAEGER_PASSWORD: 'voir JAEGER_PASSWORD',
  OTEL_EXPORTER_JAEGER_AGENT_HOST: 'voir JAEGER_AGENT_HOST',
  OTEL_EXPORTER_JAEGER_AGENT_PORT: 'voir JAEGER_AGENT_PORT',
  OTEL_EXPORTER_ZIPKIN_ENDPOINT: 'les spans partent en OTLP ou vers Jaeger',
  OTEL_METRICS_EXEMPLAR_FILTER: 'les exemplaires nomment les traces exportées',
  OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: 'les compteurs sont cumulatifs',
  OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION: 'les bornes des histogrammes sont fixes',
  OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT: 'la limite est de 4096 caractères',
  OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT: 'la limite est de 4096 caractères',
};

/** Values with which a variable of those above asks for what is done anyway. */
const HARMLESS: Readonly<Record<string, string>> = {
  OTEL_METRICS_EXEMPLAR_FILTER: 'trace_based',
  OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: 'cumulative',
  OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION: 'explicit_bucket_histogram',
};

/** A variable that Kubernetes sets for a Service of that name (https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables). */
const SERVICE_LINK = /^(?:tcp|udp|sctp):\/\//;

/**
 * Reads the variables of telemetry. An `OTEL_*` variable wins over its `JAEGER_*` twin.
 *
 * @returns usable settings in any case, with the problems of the variables that are wrong and those that change nothing
 */
export function readTracing(environment: Environment): {
  readonly settings: TracingSettings;
  readonly signals: SignalSettings;
  readonly problems: readonly Problem[];
  readonly unused: readonly UnusedVariable[];
} {
  const isLink = SERVICE_LINK.test(environment['JAEGER_AGENT_PORT']?.trim() ?? '');
  const told = isLink ? { ...environment, JAEGER_AGENT_PORT: undefined } : environment;
  const { values, problems } = parseEnvironment(telemetryEnvironment, told);
  const samplerProblem = findSamplerProblem(values);
  const receiver = chooseReceiver(values);
  const serviceName =
    values.OTEL_SERVICE_NAME ?? values.OTEL_RESOURCE_ATTRIBUTES?.['service.name'] ?? values.JAEGER_SERVICE_NAME;
  const isDisabled = isSet(told, 'OTEL_SDK_DISABLED') ? values.OTEL_SDK_DISABLED : values.JAEGER_DISABLED;
  const resource = { serviceName, tags: fillIn(values.JAEGER_TAGS ?? {}, environment) };
  const signals = readSignals(values, resource);
  const links = isLink ? [{ variable: 'JAEGER_AGENT_PORT', reason: 'lien de Kubernetes vers un Service' }] : [];
  return {
    settings: {
      isDisabled,
      isCallerIgnored: values.TRACE_CONTEXT === 'ignore',
      ...resource,
      receiver,
      sampler: { ...values, serviceName },
      propagators: values.OTEL_PROPAGATORS,
      batch: {
        delayMs: values.OTEL_BSP_SCHEDULE_DELAY,
        timeoutMs: values.OTEL_BSP_EXPORT_TIMEOUT,
        queueSpansMax: values.OTEL_BSP_MAX_QUEUE_SIZE,
        batchSpansMax: Math.min(values.OTEL_BSP_MAX_EXPORT_BATCH_SIZE, values.OTEL_BSP_MAX_QUEUE_SIZE),
      },
    },
    signals,
    problems: samplerProblem === undefined ? problems : [...problems, samplerProblem],
    unused: [
      ...links,
      ...(isDisabled ? [] : findUnused(values, receiver, told, usesCommonUrl(signals, told))),
      ...(values.OTEL_SDK_DISABLED ? [] : findUnusedOfSignals(signals, told)),
    ],
  };
}

/** Tags as Jaeger's clients read them: `${NAME:default}` stands for a variable. */
function fillIn(tags: Readonly<Record<string, string>>, environment: Environment): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(tags).map(([name, value]) => {
      const [, variable, fallback = ''] = /^\$\{([^:}]+)(?::(.*))?\}$/.exec(value) ?? [];
      return [name, variable === undefined ? value : (environment[variable] ?? fallback)];
    }),
  );
}

function chooseReceiver(values: Values): Receiver {
  const { OTEL_TRACES_EXPORTER: exporter, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: tracesUrl } = values;
  const { OTEL_EXPORTER_OTLP_ENDPOINT: commonUrl, JAEGER_ENDPOINT: collectorUrl } = values;
  if (exporter === 'none') return { kind: 'none' };
  if (exporter === 'otlp' || tracesUrl !== undefined || commonUrl !== undefined) {
    return { kind: 'otlp', url: otlpUrl(tracesUrl, commonUrl, 'v1/traces') };
  }
  if (collectorUrl === undefined) {
    return { kind: 'agent', host: values.JAEGER_AGENT_HOST, port: values.JAEGER_AGENT_PORT };
  }
  const url = new URL(collectorUrl);
  const user = values.JAEGER_USER ?? decodeURIComponent(url.username);
  const password = values.JAEGER_PASSWORD ?? decodeURIComponent(url.password);
  url.username = '';
  url.password = '';
  const basic = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  const token = values.JAEGER_AUTH_TOKEN;
  const authorization = token !== undefined ? `Bearer ${token}` : user === '' ? undefined : basic;
  return { kind: 'collector', url: url.href, authorization };
}

const AGENT = ['JAEGER_AGENT_HOST', 'JAEGER_AGENT_PORT'] as const;
const CREDENTIALS = ['JAEGER_USER', 'JAEGER_PASSWORD', 'JAEGER_AUTH_TOKEN'] as const;
const OTLP = ['OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] as const;

/** Variables that name another receiver than the one that spans go to, with the reason. */
const otherReceivers: Readonly<Record<Receiver['kind'], readonly [readonly Variable[], string]>> = {
  none: [[...AGENT, 'JAEGER_ENDPOINT', ...CREDENTIALS, ...OTLP], 'OTEL_TRACES_EXPORTER=none'],
  otlp: [[...AGENT, 'JAEGER_ENDPOINT', ...CREDENTIALS], 'les spans partent en OTLP'],
  collector: [AGENT, 'les spans partent vers JAEGER_ENDPOINT'],
  agent: [CREDENTIALS, 'les spans partent en UDP'],
};

function findUnused(
  values: Values,
  receiver: Receiver,
  environment: Environment,
  isCommonUrlUsed: boolean,
): UnusedVariable[] {
  const unused: UnusedVariable[] = [];
  const note = (variables: readonly string[], reason: string) => {
    for (const variable of variables) if (isSet(environment, variable)) unused.push({ variable, reason });
  };
  for (const [variable, reason] of Object.entries(unreadVariables)) {
    if (environment[variable]?.trim() !== HARMLESS[variable]) note([variable], reason);
  }
  for (const variable of ['OTEL_EXPORTER_OTLP_PROTOCOL', 'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL']) {
    if (environment[variable]?.trim() !== OTLP_PROTOCOL) note([variable], `seul ${OTLP_PROTOCOL} est parlé`);
  }
  const sampler = values.OTEL_TRACES_SAMPLER;
  const isRemote = sampler === undefined && values.JAEGER_SAMPLER_TYPE === 'remote';
  const [others, reason] = otherReceivers[receiver.kind];
  // A remote strategy is asked of the agent's host; lines and metrics may go where spans do not.
  const asksAgent = isRemote && values.JAEGER_SAMPLING_ENDPOINT === undefined;
  const used = [asksAgent && 'JAEGER_AGENT_HOST', isCommonUrlUsed && 'OTEL_EXPORTER_OTLP_ENDPOINT'];
  note(
    others.filter((variable) => !used.includes(variable)),
    reason,
  );
  if (sampler !== undefined) {
    const twins = ['JAEGER_SAMPLER_TYPE', 'JAEGER_SAMPLER_PARAM', 'JAEGER_SAMPLING_ENDPOINT'];
    note(twins, 'OTEL_TRACES_SAMPLER l’emporte');
  } else if (!isRemote) {
    note(['JAEGER_SAMPLING_ENDPOINT'], 'JAEGER_SAMPLER_TYPE n’est pas remote');
  }
  if (!sampler?.endsWith('traceidratio')) {
    note(['OTEL_TRACES_SAMPLER_ARG'], 'OTEL_TRACES_SAMPLER n’est pas traceidratio');
  }
  if (isSet(environment, 'OTEL_SERVICE_NAME')) note(['JAEGER_SERVICE_NAME'], 'OTEL_SERVICE_NAME l’emporte');
  else if (values.OTEL_RESOURCE_ATTRIBUTES?.['service.name'] !== undefined) {
    note(['JAEGER_SERVICE_NAME'], 'OTEL_RESOURCE_ATTRIBUTES l’emporte');
  }
  if (isSet(environment, 'OTEL_SDK_DISABLED')) note(['JAEGER_DISABLED'], 'OTEL_SDK_DISABLED l’emporte');
  return unused;
}
