// The objectives of the service, and the burn rates of their error budgets.
import type { metrics } from '@products/telemetry/contract';
import {
  aggregate,
  complement,
  divide,
  multiply,
  or,
  over,
  type Range,
  select,
  selectRecorded,
  type Vector,
} from './promql.js';

/** Paths outside the objectives: checks, routes that fail or wait on purpose, and unknown ones. Probes are not counted at all. */
export const excludedPaths: readonly string[] = [
  '/health',
  '/trpc/health.check',
  '/slow',
  '/trpc/diagnostics.slow',
  '/error',
  '/trpc/diagnostics.error',
  '(unmatched)',
];
const promised = ['!~', excludedPaths.map(escapeForRegExp).join('|')] as const;
const serverErrors = '5..';

/** A bucket of the histogram, so that no request has to be guessed at. */
const latencyBound: `${(typeof metrics.http_request_duration_seconds.buckets)[number]}` = '0.25';

interface Objective {
  readonly title: string;
  /** The share of requests that may be bad. */
  readonly budget: number;
  /** The share of requests that were. */
  readonly badRatio: (window: Range) => Vector<'job'>;
}

export const objectives = {
  availability: {
    title: '99.9 % of requests get an answer that is no 5xx',
    budget: 0.001,
    badRatio: (window) => {
      const all = perJob(over('rate', select('http_requests_total', { path: promised }), window));
      const failed = select('http_requests_total', { path: promised, status: ['=~', serverErrors] });
      // Before the first failure there is no series of failures.
      return divide(or(perJob(over('rate', failed, window)), multiply(all, 0)), all);
    },
  },
  latency: {
    title: '99 % of requests that do not fail are answered within 0.25 s',
    budget: 0.01,
    badRatio: (window) => {
      const matchers = { path: promised, status: ['!~', serverErrors] } as const;
      const fast = select('http_request_duration_seconds_bucket', { ...matchers, le: latencyBound });
      const all = select('http_request_duration_seconds_count', matchers);
      return complement(divide(perJob(over('rate', fast, window)), perJob(over('rate', all, window))));
    },
  },
} as const satisfies Record<string, Objective>;

export type ObjectiveName = keyof typeof objectives;

/** From the Google SRE workbook, "multiwindow, multi-burn-rate alerts": the short window makes the alert clear soon. */
export const burnRates = {
  fast: [
    { factor: 14.4, long: '1h', short: '5m' },
    { factor: 6, long: '6h', short: '30m' },
  ],
  slow: [
    { factor: 3, long: '1d', short: '2h' },
    { factor: 1, long: '3d', short: '6h' },
  ],
} as const;

export const sloWindows = ['5m', '30m', '1h', '2h', '6h', '1d', '3d'] as const;
export type SloWindow = (typeof sloWindows)[number];

export function nameOfRecord(objective: ObjectiveName, window: SloWindow): string {
  return `job:slo_${objective}_errors:ratio_rate${window}`;
}

/** The recorded share of bad requests. */
export function badRatio(objective: ObjectiveName, window: SloWindow): Vector<'job'> {
  return selectRecorded(nameOfRecord(objective, window), ['job']);
}

function perJob<L extends string>(vector: Vector<L | 'job'>): Vector<'job'> {
  return aggregate('sum', ['job'], vector);
}

function escapeForRegExp(path: string): string {
  return path.replaceAll(/[.()]/g, '\\$&');
}
