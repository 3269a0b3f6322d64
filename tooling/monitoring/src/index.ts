export { dashboards } from './dashboards/dashboards.js';
export { dataSources } from './data-sources.js';
export type { Vector } from './promql.js';
export { alerts, recordings } from './rules/rules.js';
export { excludedPaths } from './slo.js';
