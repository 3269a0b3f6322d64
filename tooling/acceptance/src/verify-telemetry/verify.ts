import { Client } from '../client.js';
import { expectations } from '../corpus.js';
import type { Expectation } from '../request.js';
import { compare } from './compare.js';
import { findProblems } from './find-problems.js';
import { type Observation, type ObservedService, observeAll } from './observe.js';

/** What a request left behind, and how that differs from its expectation or contradicts itself. */
export interface Result {
  readonly expectation: Expectation;
  readonly observation: Observation;
  readonly problems: readonly string[];
}

/**
 * Calls every route and procedure, and compares header, log lines, spans, metrics and exemplar of each request with its
 * expectation and with one another. Creates two products.
 *
 * @returns a result for each expectation, and the problems of all requests together
 */
export async function verifyTelemetry(service: ObservedService): Promise<{ results: Result[]; problems: string[] }> {
  const client = new Client(service.url);
  const scrape = () => client.scrape('application/openmetrics-text');
  const before = await scrape();
  const spansBefore = service.agent.spans().length;
  const observations = await observeAll(service, client, expectations);
  const after = await scrape();
  const grown = (metric: string) => (after.samples.get(metric)?.value ?? 0) - (before.samples.get(metric)?.value ?? 0);
  const received = service.agent.spans().length - spansBefore;
  const expected = expectations.reduce((count, { spans }) => count + spans.length, 0);
  return {
    results: observations.map(({ expectation, observation }) => ({
      expectation,
      observation,
      problems: findProblems(expectation, observation),
    })),
    problems: [
      ...compare('spans received', received, expected),
      ...compare('spans_exported_total', grown('spans_exported_total'), received),
      ...compare('spans_dropped_total', grown('spans_dropped_total'), 0),
      ...compare('log_lines_dropped_total', grown('log_lines_dropped_total'), 0),
    ],
  };
}
