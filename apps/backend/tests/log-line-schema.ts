import { Ajv2020 } from 'ajv/dist/2020.js';
import { readFromRepository } from './documents.js';

/** The schema that users of the log are given. A keyword that means nothing is an error here. */
const validate = new Ajv2020().compile(JSON.parse(readFromRepository('docs/log-line.schema.json')));

/** How a line of the log differs from the schema; of an alternative for each event, from all. */
export function findLineProblems(line: unknown): string[] {
  if (validate(line)) return [];
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}
