// PromQL whose metrics, labels and buckets are the telemetry contract's: one that is renamed there no longer compiles here.
import { type Metric, metrics, nodeMetrics } from '@products/telemetry/contract';

/** The label `job` that the service is scraped under. */
const JOB = 'backend';

const declared = { ...metrics, ...nodeMetrics };
type Declared = typeof declared;
type MetricName = keyof Declared;
type DeclaredLabels<N extends MetricName> = Declared[N] extends { labels: readonly (infer L extends string)[] }
  ? L
  : never;
type HistogramName = {
  [N in MetricName]: Declared[N]['type'] extends 'histogram' ? N : never;
}[MetricName];

/** What Prometheus itself adds to whatever it scrapes, and the labels of each. */
const ofPrometheus = {
  up: [],
  scrape_duration_seconds: [],
  scrape_samples_scraped: [],
  ALERTS: ['alertname', 'alertstate', 'severity'],
} as const satisfies Record<string, readonly string[]>;
type OfPrometheus = typeof ofPrometheus;

export type SampleLabels = {
  [N in Exclude<MetricName, HistogramName>]: DeclaredLabels<N>;
} & { [N in HistogramName as `${N}_bucket`]: DeclaredLabels<N> | 'le' } & {
  [N in HistogramName as `${N}_count` | `${N}_sum`]: DeclaredLabels<N>;
} & { [N in keyof OfPrometheus]: OfPrometheus[N][number] };

/** A name that samples have: of a histogram with `_bucket`, `_count` or `_sum`. */
export type SampleName = keyof SampleLabels;

const targetLabels = ['job', 'instance'] as const;
export type LabelsOf<N extends SampleName> = SampleLabels[N] | (typeof targetLabels)[number];

type Matcher = string | readonly [operator: '!=' | '=~' | '!~', value: string];
export type Matchers<L extends string> = { readonly [K in L]?: Matcher };

/** An expression that yields an instant vector, and the labels that its series have. */
export interface Vector<L extends string = string> {
  readonly promql: string;
  readonly labels: readonly L[];
  /** It needs parentheses as an operand. */
  readonly isBinary?: true;
}

export interface Selector<L extends string> extends Vector<L> {
  readonly isSelector: true;
}

/** Grafana's variables: a window that fits scrapes and step, and the step itself. */
export type Range = `${number}${'m' | 'h' | 'd'}` | '$__rate_interval';
type Offset = '$__interval';

export function select<N extends SampleName>(name: N, matchers: Matchers<LabelsOf<N>> = {}): Selector<LabelsOf<N>> {
  return {
    promql: `${name}${renderMatchers({ job: JOB, ...matchers })}`,
    labels: [...targetLabels, ...labelsOf(name)] as LabelsOf<N>[],
    isSelector: true,
  };
}

/** The series of a recording rule. */
export function selectRecorded<L extends string>(record: string, labels: readonly L[]): Selector<L> {
  return { promql: `${record}${renderMatchers({ job: JOB })}`, labels, isSelector: true };
}

type RangeFunction = 'rate' | 'increase' | 'changes' | 'deriv' | 'avg_over_time' | 'max_over_time' | 'last_over_time';

/** @param offset how long before the moment asked for the range ends */
export function over<L extends string>(
  fn: RangeFunction,
  selector: Selector<L>,
  range: Range,
  offset?: Offset,
): Vector<L> {
  const shift = offset === undefined ? '' : ` offset ${offset}`;
  return { promql: `${fn}(${selector.promql}[${range}]${shift})`, labels: selector.labels };
}

export function aggregate<L extends string, K extends L>(
  fn: 'sum' | 'max' | 'min',
  by: readonly K[],
  { promql }: Vector<L>,
): Vector<K> {
  return { promql: `${fn} by (${by.join(', ')}) (${promql})`, labels: by };
}

export function histogramQuantile<L extends string>(quantile: number, buckets: Vector<L>): Vector<Exclude<L, 'le'>> {
  return {
    promql: `histogram_quantile(${quantile}, ${buckets.promql})`,
    labels: buckets.labels.filter((label): label is Exclude<L, 'le'> => label !== 'le'),
  };
}

/** @param ignoring labels by which the two sides differ; the result is without them */
export function divide<L extends string, I extends L = never>(
  dividend: Vector<L>,
  divisor: Vector<L>,
  ignoring: readonly I[] = [],
): Vector<Exclude<L, I>> {
  const { matching, labels } = matchIgnoring(dividend.labels, ignoring);
  return binary(`${operand(dividend)} /${matching} ${operand(divisor)}`, labels);
}

export function above<L extends string, I extends L = never>(
  left: Vector<L>,
  right: Vector<L> | number | string,
  ignoring: readonly I[] = [],
): Vector<Exclude<L, I>> {
  const { matching, labels } = matchIgnoring(left.labels, ignoring);
  return binary(`${operand(left)} >${matching} ${typeof right === 'object' ? operand(right) : right}`, labels);
}

export function equals<L extends string>(left: Vector<L>, right: number): Vector<L> {
  return binary(`${operand(left)} == ${right}`, left.labels);
}

/** One minus each value. */
export function complement<L extends string>(vector: Vector<L>): Vector<L> {
  return binary(`1 - ${operand(vector)}`, vector.labels);
}

export function multiply<L extends string>(vector: Vector<L>, factor: number): Vector<L> {
  return binary(`${operand(vector)} * ${factor}`, vector.labels);
}

export function divideBy<L extends string>(vector: Vector<L>, divisor: number): Vector<L> {
  return binary(`${operand(vector)} / ${divisor}`, vector.labels);
}

export function add<L extends string>(left: Vector<L>, right: Vector<L>): Vector<L> {
  return binary(`${operand(left)} + ${operand(right)}`, left.labels);
}

export function and<L extends string>(left: Vector<L>, right: Vector<L>): Vector<L> {
  return binary(`${operand(left)} and ${operand(right)}`, left.labels);
}

export function or<L extends string>(left: Vector<L>, right: Vector<L>): Vector<L> {
  return binary(`${operand(left)} or ${operand(right)}`, left.labels);
}

/** The series of the left side that the right one has not. */
export function unless<L extends string>(left: Vector<L>, right: Vector<L>): Vector<L> {
  return binary(`${operand(left)} unless ${operand(right)}`, left.labels);
}

/** Seconds since a point in time. */
export function age<L extends string>(timestamp: Vector<L>): Vector<L> {
  return binary(`time() - ${operand(timestamp)}`, timestamp.labels);
}

/** One series when there is none, with the labels that the selector fixes. */
export function absent<L extends string>({ promql }: Selector<L>): Vector<'job'> {
  return { promql: `absent(${promql})`, labels: ['job'] };
}

function labelsOf(name: SampleName): readonly string[] {
  if (name in ofPrometheus) return ofPrometheus[name as keyof OfPrometheus];
  const [, base = name, suffix] = /^(.*?)(_bucket|_count|_sum)?$/.exec(name) ?? [];
  const { labels = [] }: Omit<Metric, 'help'> = declared[(name in declared ? name : base) as MetricName];
  return suffix === '_bucket' ? [...labels, 'le'] : labels;
}

function renderMatchers(matchers: Readonly<Record<string, Matcher | undefined>>): string {
  const rendered = Object.entries(matchers).flatMap(([label, matcher]) => {
    if (matcher === undefined) return [];
    const [operator, value] = typeof matcher === 'string' ? ['=', matcher] : matcher;
    return [`${label}${operator}${JSON.stringify(value)}`];
  });
  return `{${rendered.join(', ')}}`;
}

function operand({ promql, isBinary }: Vector): string {
  return isBinary ? `(${promql})` : promql;
}

function binary<L extends string>(promql: string, labels: readonly L[]): Vector<L> {
  return { promql, labels, isBinary: true };
}

function matchIgnoring<L extends string, I extends L>(labels: readonly L[], ignoring: readonly I[]) {
  return {
    matching: ignoring.length === 0 ? '' : ` ignoring (${ignoring.join(', ')})`,
    labels: labels.filter((label): label is Exclude<L, I> => !(ignoring as readonly string[]).includes(label)),
  };
}
