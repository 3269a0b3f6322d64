import type { Vector } from '../promql.js';
import { runbookUrlOf } from '../runbook.js';
import { nameOfRecord, type ObjectiveName, objectives, sloWindows } from '../slo.js';
import type { Alert } from './alert.js';
import { flaskNames } from './flask-names.js';
import { serviceAlerts } from './service-alerts.js';
import { sloAlerts } from './slo-alerts.js';

export interface Recording {
  readonly record: string;
  readonly expression: Vector;
}

export const alerts = { ...sloAlerts, ...serviceAlerts } satisfies Record<string, Alert>;
export type AlertName = keyof typeof alerts;

export const recordings: readonly Recording[] = (Object.keys(objectives) as ObjectiveName[]).flatMap((objective) =>
  sloWindows.map((window) => ({
    record: nameOfRecord(objective, window),
    expression: objectives[objective].badRatio(window),
  })),
);

export function annotationsOf(name: string, { summary, description }: Alert): Readonly<Record<string, string>> {
  return { summary, description, runbook_url: runbookUrlOf(name) };
}

/** Files of rules as Prometheus reads them, by name. */
export const ruleFiles = {
  'slo.yml': [
    { name: 'slo-records', rules: recordings.map(({ record, expression }) => ({ record, expr: expression.promql })) },
    { name: 'slo-alerts', rules: renderAlerts(sloAlerts) },
  ],
  'flask-names.yml': [
    { name: 'flask-names', rules: flaskNames.map(({ record, expression }) => ({ record, expr: expression.promql })) },
  ],
  'service.yml': [{ name: 'service-alerts', rules: renderAlerts(serviceAlerts) }],
} as const;

function renderAlerts(declared: Readonly<Record<string, Alert>>) {
  return Object.entries(declared).map(([name, alert]) => ({
    alert: name,
    expr: alert.expression.promql,
    ...(alert.for === '0m' ? {} : { for: alert.for }),
    labels: { severity: alert.severity },
    annotations: annotationsOf(name, alert),
  }));
}
