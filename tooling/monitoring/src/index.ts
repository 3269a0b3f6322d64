export { dashboards } from './dashboards/dashboards.js';
export { releases } from './dashboards/releases.js';
export { dataSources } from './data-sources.js';
export type { Vector } from './promql.js';
export { type AlertName, alerts, annotationsOf, recordings } from './rules/rules.js';
export { STACK_RUNBOOK_PATH } from './runbook.js';
export { excludedPaths } from './slo.js';
