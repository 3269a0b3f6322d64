// The names of metrics and log lines: the values of no two services are the same.
import type { Exposition } from '../exposition.js';
import type { LogLine } from '../log-file.js';
import { normaliseMessage, type Volatile } from './normalise.js';

/** Depend on the machine and on the moment; their labels come and go. */
const RUNTIME = /^(nodejs|python|process)_/;
const BOUNDS: ReadonlySet<string> = new Set(['le', 'quantile']);
/** On every line, and so no difference. */
const COMMON_FIELDS: ReadonlySet<string> = new Set([
  'timestamp',
  'time',
  'level',
  'service',
  'message',
  'trace_id',
  'span_id',
]);
/** Left out of a line that repeats the error of a moment ago. */
const STACK_FIELDS: ReadonlySet<string> = new Set(['exc_info', 'stacks_omitted']);

/** Every metric with its type and labels: `counter {method,path,status}`; `histogram {?}` as long as it has no sample. */
export function readMetricNames({ types, samples }: Exposition): Map<string, string> {
  const labelsOf = new Map([...samples.values()].map(({ metric, labels }) => [metric, labels]));
  return new Map(
    [...types].map(([name, type]) => {
      if (RUNTIME.test(name)) return [name, type];
      const labels = labelsOf.get(name) ?? labelsOf.get(`${name}_count`) ?? labelsOf.get(`${name}_total`);
      return [name, `${type} ${labels === undefined ? '{?}' : list(labels.filter((label) => !BOUNDS.has(label)))}`];
    }),
  );
}

/** The level and message of each line, with its further fields: `INFO <n> produits récupérés` → `{count}`. */
export function readLogNames(lines: readonly LogLine[], context: Volatile): Map<string, string> {
  return new Map(
    lines.map((line) => [
      `${line['level']} ${normaliseMessage(String(line['message']), context)}`,
      list(Object.keys(line).filter((field) => !COMMON_FIELDS.has(field) && !STACK_FIELDS.has(field))),
    ]),
  );
}

const list = (names: readonly string[]) => `{${names.toSorted().join(',')}}`;
