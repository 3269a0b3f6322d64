import { age, aggregate, over, type SampleName } from '../promql.js';
import type { Dashboard, Query } from './specification.js';
import { instanceVariable, selectInstances, WINDOW } from './variables.js';

const reading = (name: SampleName, label: string): Query => ({
  expression: selectInstances(name),
  legend: `${label} {{instance}}`,
});

export const process: Dashboard = {
  uid: 'products-process',
  title: 'Products: processes',
  description: 'Event loop, memory and processor. An instance with several workers shows their sum; lags are averages.',
  variables: [instanceVariable],
  rows: [
    {
      title: 'Event loop and processor',
      panels: [
        {
          kind: 'graph',
          title: 'Event loop lag',
          description: 'How late a turn of the event loop is.',
          unit: 's',
          queries: [
            reading('nodejs_eventloop_lag_p50_seconds', 'p50'),
            reading('nodejs_eventloop_lag_p99_seconds', 'p99'),
            reading('nodejs_eventloop_lag_max_seconds', 'max'),
          ],
          limit: 0.1,
        },
        {
          kind: 'graph',
          title: 'Processor',
          description: 'Processors in use.',
          unit: 'short',
          queries: [
            {
              expression: over('rate', selectInstances('process_cpu_seconds_total'), WINDOW),
              legend: '{{instance}}',
            },
          ],
        },
        {
          kind: 'graph',
          title: 'Garbage collection',
          description: 'Share of the time that it takes.',
          unit: 'percentunit',
          queries: [
            {
              expression: aggregate(
                'sum',
                ['instance', 'kind'],
                over('rate', selectInstances('nodejs_gc_duration_seconds_sum'), WINDOW),
              ),
              legend: '{{kind}} {{instance}}',
            },
          ],
        },
        {
          kind: 'graph',
          title: 'Handles and files',
          description: 'What is open.',
          unit: 'short',
          queries: [reading('nodejs_active_handles_total', 'handles'), reading('process_open_fds', 'file descriptors')],
        },
      ],
    },
    {
      title: 'Memory',
      panels: [
        {
          kind: 'graph',
          title: 'Resident',
          description: 'What the operating system counts.',
          unit: 'bytes',
          queries: [reading('process_resident_memory_bytes', '')],
        },
        {
          kind: 'graph',
          title: 'Heap',
          description: 'JavaScript objects, and what is reserved for them; buffers are outside of it.',
          unit: 'bytes',
          queries: [
            reading('nodejs_heap_size_used_bytes', 'used'),
            reading('nodejs_heap_size_total_bytes', 'reserved'),
            reading('nodejs_external_memory_bytes', 'outside'),
          ],
        },
      ],
    },
    {
      title: 'Lives',
      panels: [
        {
          kind: 'number',
          title: 'Up',
          description: 'Instances that can be scraped.',
          unit: 'short',
          queries: [{ expression: aggregate('sum', ['job'], selectInstances('up')), legend: 'up' }],
        },
        {
          kind: 'graph',
          title: 'Age',
          description: 'Since the start of the oldest process of an instance.',
          unit: 's',
          queries: [{ expression: age(selectInstances('process_start_time_seconds')), legend: '{{instance}}' }],
        },
        {
          kind: 'graph',
          title: 'Node.js',
          description: 'Which versions run.',
          unit: 'short',
          queries: [
            {
              expression: aggregate('sum', ['version'], selectInstances('nodejs_version_info')),
              legend: '{{version}}',
            },
          ],
        },
      ],
    },
  ],
};
