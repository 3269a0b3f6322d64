// pnpm parity: the unintended differences between two services.
import { statSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { printReport } from '../print.js';
import { readAllowList } from './allow.js';
import { differencesFromFlask } from './allowed-from-flask.js';
import { compareServices } from './parity.js';

const usage = `pnpm parity -- <base URL A> <base URL B> [--from-flask] [--logs-a a.log --logs-b b.log] [--allow allowed.json]
  Makes the same requests to both and compares status, headers, bodies, names of metrics and, with the files that they write
  their JSON lines to, names of log lines. A is the service that is there, B the one that takes its place; with
  --from-flask, A is the Flask service, and what differs from it on purpose is allowed. Up to three products named Parité stay
  in the database of each.
  Exit code: 0 for no unintended difference, 1 for some, 2 when the comparison could not be made.
`;

try {
  const { a, b, allow, isFromFlask } = parseArguments();
  const allowed = [...(isFromFlask ? differencesFromFlask : []), ...(allow === undefined ? [] : readAllowList(allow))];
  const report = await compareServices(a, b, allowed, ({ name }) => process.stderr.write(`${name}\n`));
  process.stdout.write(printReport(report));
  process.exitCode = report.unintended.length === 0 ? 0 : 1;
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n\n${usage}`);
  process.exitCode = 2;
}

function parseArguments() {
  const { values, positionals } = parseArgs({
    // pnpm hands its own `--` on.
    args: process.argv.slice(2).filter((argument) => argument !== '--'),
    allowPositionals: true,
    options: {
      'from-flask': { type: 'boolean', default: false },
      'logs-a': { type: 'string' },
      'logs-b': { type: 'string' },
      allow: { type: 'string' },
    },
  });
  const { 'logs-a': logsA, 'logs-b': logsB, allow, 'from-flask': isFromFlask } = values;
  const wrong = positionals.find((url) => !/^https?:\/\//.test(url) || !URL.canParse(url));
  if (wrong !== undefined) throw new Error(`${wrong} is no URL`);
  const [a, b] = positionals;
  if (a === undefined || b === undefined || positionals.length > 2) throw new Error('two base URLs are expected');
  if ((logsA === undefined) !== (logsB === undefined)) throw new Error('--logs-a and --logs-b go together');
  for (const file of [logsA, logsB]) if (file !== undefined) statSync(file);
  return { a: { url: a, logs: logsA }, b: { url: b, logs: logsB }, allow, isFromFlask };
}
