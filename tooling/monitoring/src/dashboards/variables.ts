// The variables at the top of a dashboard, as selectors.
import { type LabelsOf, type Matchers, type SampleName, type Selector, select } from '../promql.js';
import type { Variable } from './specification.js';

export const instanceVariable: Variable = { name: 'instance', query: valuesOf('up', 'instance') };
export const pathVariable: Variable = { name: 'path', query: valuesOf('http_requests_total', 'path') };

/** The window that fits a graph's step and the scrape interval. */
export const WINDOW = '$__rate_interval';

/** The series of the chosen instances. */
export function selectInstances<N extends SampleName>(
  name: N,
  matchers: Matchers<LabelsOf<N>> = {},
): Selector<LabelsOf<N>> {
  return select(name, { instance: ['=~', '$instance'], ...matchers } as Matchers<LabelsOf<N>>);
}

function valuesOf<N extends SampleName>(name: N, label: LabelsOf<N>): string {
  return `label_values(${select(name).promql}, ${label})`;
}
