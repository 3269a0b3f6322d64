import { countLines, logLines } from '../logql.js';
import { add, divide, over } from '../promql.js';
import type { Dashboard } from './specification.js';
import { instanceVariable, selectInstances, WINDOW } from './variables.js';

const dropped = over('rate', selectInstances('spans_dropped_total'), WINDOW);
const exported = over('rate', selectInstances('spans_exported_total'), WINDOW);

export const telemetry: Dashboard = {
  uid: 'products-telemetry',
  title: 'Products: telemetry',
  description: 'Whether logs, metrics and traces tell all there is to tell.',
  variables: [instanceVariable],
  rows: [
    {
      title: 'Traces',
      panels: [
        {
          kind: 'graph',
          title: 'Spans',
          description: 'Spans that the tracing backend took and did not take, a second.',
          unit: 'cps',
          queries: [
            { expression: exported, legend: 'exported {{instance}}' },
            { expression: dropped, legend: 'dropped {{instance}}' },
          ],
        },
        {
          kind: 'graph',
          title: 'Spans dropped',
          description: 'Share of the spans that the tracing backend did not take.',
          unit: 'percentunit',
          queries: [{ expression: divide(dropped, add(dropped, exported)), legend: '{{instance}}' }],
          limit: 0.01,
        },
        {
          kind: 'logs',
          title: 'Why spans were dropped',
          description: 'At most a line a minute and process.',
          logql: logLines({ event: 'spans_dropped' }),
        },
        {
          kind: 'traces',
          title: 'Latest traces',
          description: 'None here and spans exported above: the tracing backend drops them.',
          tags: '',
        },
      ],
    },
    {
      title: 'Logs',
      panels: [
        {
          kind: 'log counts',
          title: 'Lines',
          description: 'Lines that Loki has, by level.',
          logql: countLines('level', logLines()),
          legend: '{{level}}',
        },
        {
          kind: 'graph',
          title: 'Lines dropped',
          description: 'Lines that the reader of stdout did not take, a second.',
          unit: 'cps',
          queries: [
            { expression: over('rate', selectInstances('log_lines_dropped_total'), WINDOW), legend: '{{instance}}' },
          ],
        },
        {
          kind: 'graph',
          title: 'Lines over OTLP',
          description: 'Lines that the OTLP receiver took and did not take, a second; none without OTEL_LOGS_EXPORTER.',
          unit: 'cps',
          queries: [
            {
              expression: over('rate', selectInstances('log_records_exported_total'), WINDOW),
              legend: 'exported {{instance}}',
            },
            {
              expression: over('rate', selectInstances('log_records_dropped_total'), WINDOW),
              legend: 'dropped {{instance}}',
            },
          ],
        },
      ],
    },
    {
      title: 'Metrics',
      panels: [
        {
          kind: 'graph',
          title: 'Scrape duration',
          description: 'With several workers, the one asked has to ask the others.',
          unit: 's',
          queries: [{ expression: selectInstances('scrape_duration_seconds'), legend: '{{instance}}' }],
        },
        {
          kind: 'graph',
          title: 'Series',
          description: 'Samples of a scrape. Routes, methods and statuses bound it; no client can make more.',
          unit: 'short',
          queries: [{ expression: selectInstances('scrape_samples_scraped'), legend: '{{instance}}' }],
        },
      ],
    },
  ],
};
