// pnpm parity: in what two services differ that should not.
import { statSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { readAllowList } from './allow.js';
import { differencesFromFlask } from './intended.js';
import { compareServices } from './parity.js';
import { printReport } from './print.js';

const usage = `pnpm parity -- <base URL A> <base URL B> [--from-flask] [--logs-a a.log --logs-b b.log] [--allow allowed.json]
  Makes the same requests to both and compares status, headers, bodies, names of metrics and, with the files that they write
  their JSON lines to, names of log lines. A is the service that is there, B the one that takes its place; with
  --from-flask, A is the Flask service, and what differs from it on purpose is allowed. Up to three products named Parité stay
  in the database of each.
  Exit code: 0 for no unintended difference, 1 for some, 2 when the comparison could not be made.
`;

try {
  const { urls, logs, allow, isFromFlask } = parseArguments();
  const allowed = [...(isFromFlask ? differencesFromFlask : []), ...(allow === undefined ? [] : readAllowList(allow))];
  const [a, b] = urls.map((url, index) => ({ url, logs: logs?.[index] }));
  if (a === undefined || b === undefined) throw new Error('two base URLs are expected');
  const report = await compareServices(a, b, allowed, ({ subject }) => process.stderr.write(`${subject}\n`));
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
  const wrong = positionals.find((url) => !/^https?:\/\//.test(url) || !URL.canParse(url));
  if (wrong !== undefined) throw new Error(`${wrong} is no URL`);
  if (positionals.length !== 2) throw new Error('two base URLs are expected');
  const files = [values['logs-a'], values['logs-b']].filter((file) => file !== undefined);
  if (files.length === 1) throw new Error('--logs-a and --logs-b go together');
  for (const file of files) statSync(file);
  return {
    urls: positionals,
    logs: files.length === 2 ? files : undefined,
    allow: values.allow,
    isFromFlask: values['from-flask'],
  };
}
