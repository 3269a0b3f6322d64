import { aggregate, over, select, unless } from '../promql.js';
import type { Query } from './specification.js';

const build = ['version', 'revision'] as const;
const builds = select('products_build_info');

/**
 * The builds that run, and that ran nowhere in the five minutes before: a restart is no release. Grafana puts the distance of
 * two points in the place of the variable, so that each release is one point.
 */
export const releases: Query = {
  expression: unless(
    aggregate('sum', build, builds),
    aggregate('sum', build, over('last_over_time', builds, '5m', '$__interval')),
  ),
  legend: '{{version}} ({{revision}})',
};
