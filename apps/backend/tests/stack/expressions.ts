// Every PromQL expression that is shipped, and the source document's.
import { alerts, dashboards, recordings, type Vector } from '@products/monitoring';
import { selectorsIn, withoutConditions } from './promql-tree.js';

export interface Expression {
  readonly place: string;
  readonly promql: string;
  readonly labels: readonly string[];
  readonly hasExemplars?: true;
}

const target = ['job', 'instance'];
const ofRequests = [...target, 'method', 'path', 'status'];

const documented: readonly Expression[] = [
  {
    place: 'source document / requests a second',
    promql: 'rate(http_requests_total{job="backend"}[5m])',
    labels: ofRequests,
  },
  {
    place: 'source document / P95',
    promql: 'histogram_quantile(0.95, rate(http_request_duration_seconds_bucket[5m]))',
    labels: ofRequests,
  },
  {
    place: 'source document / statements',
    promql: 'rate(database_queries_total[5m])',
    labels: [...target, 'operation', 'table'],
  },
  { place: 'source document / pool', promql: 'database_connection_pool', labels: [...target, 'status'] },
];

const shown: readonly Expression[] = dashboards.flatMap(({ title, rows }) =>
  rows.flatMap((row) =>
    row.panels.flatMap((panel) =>
      'queries' in panel
        ? panel.queries.map(({ expression, legend, ...rest }) => ({
            place: `${title} / ${row.title} / ${panel.title} / ${legend}`,
            ...asGrafanaAsks(expression),
            ...rest,
          }))
        : [],
    ),
  ),
);

const recorded: readonly Expression[] = recordings.flatMap(({ record, expression: { promql, labels } }) => [
  { place: `rule / ${record}`, promql, labels },
  { place: `recorded / ${record}`, promql: `${record}{job="backend"}`, labels },
]);

/** Their labels are those of the alert; the expression without its conditions may have more. */
export const alerting: readonly Expression[] = Object.entries(alerts).map(([name, { expression }]) => ({
  place: `alert / ${name}`,
  promql: withoutConditions(expression.promql),
  labels: expression.labels,
}));

export const exact: readonly Expression[] = [...documented, ...shown, ...recorded];

/** Every selector in them: a side of an `or` or of a condition that selects nothing would not show in the result. */
export const selectors: readonly string[] = [
  ...new Set(
    [...exact.map(({ promql }) => promql), ...Object.values(alerts).map(({ expression }) => expression.promql)].flatMap(
      selectorsIn,
    ),
  ),
];

function asGrafanaAsks({ promql, labels }: Vector): Pick<Expression, 'promql' | 'labels'> {
  return {
    promql: promql.replaceAll('$__rate_interval', '1m').replaceAll(/\$(instance|path)/g, '.*'),
    labels,
  };
}
