import { above, and, or, type Vector } from '../promql.js';
import { badRatio, burnRates, type ObjectiveName, objectives } from '../slo.js';
import type { Alert } from './alert.js';

export const sloAlerts = {
  BackendAvailabilityBudgetBurnsFast: {
    expression: burns('availability', 'fast'),
    for: '2m',
    severity: 'critical',
    summary: 'Requests fail so fast that the error budget of a month is gone within days',
    description: '{{ $value | humanizePercentage }} of requests fail; 0.1 % may.',
  },
  BackendAvailabilityBudgetBurnsSlowly: {
    expression: burns('availability', 'slow'),
    for: '15m',
    severity: 'warning',
    summary: 'Requests fail so often that the error budget of a month will not last',
    description: '{{ $value | humanizePercentage }} of requests fail; 0.1 % may.',
  },
  BackendLatencyBudgetBurnsFast: {
    expression: burns('latency', 'fast'),
    for: '2m',
    severity: 'critical',
    summary: 'Requests are so slow that the latency budget of a month is gone within days',
    description: '{{ $value | humanizePercentage }} of requests take more than 0.25 s; 1 % may.',
  },
  BackendLatencyBudgetBurnsSlowly: {
    expression: burns('latency', 'slow'),
    for: '15m',
    severity: 'warning',
    summary: 'Requests are slow so often that the latency budget of a month will not last',
    description: '{{ $value | humanizePercentage }} of requests take more than 0.25 s; 1 % may.',
  },
} as const satisfies Record<string, Alert>;

function burns(objective: ObjectiveName, speed: keyof typeof burnRates): Vector<'job'> {
  const [steep, flat] = burnRates[speed].map(({ factor, long, short }) => {
    const limit = `(${factor} * ${objectives[objective].budget})`;
    return and(above(badRatio(objective, long), limit), above(badRatio(objective, short), limit));
  });
  if (steep === undefined || flat === undefined) throw new Error('two burn rates a speed');
  return or(steep, flat);
}
