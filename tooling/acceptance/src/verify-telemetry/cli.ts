// pnpm verify:telemetry: compares header, log, spans, metrics and exemplar of each request.
import { statSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { startJaegerAgent } from '@products/jaeger';
import { followLogFile } from '../log-file.js';
import { printResult } from '../print.js';
import { startOwnService } from './own-service.js';
import { verifyTelemetry } from './verify.js';

const usage = `pnpm verify:telemetry
  Starts a service on a database of its own, calls every route and procedure, and compares what each request leaves behind.

pnpm verify:telemetry --url http://localhost:5000 --logs service.log [--agent-port 6831]
  The same with a service that runs already and that nobody else uses. It has to write its stdout to that file and to send
  its spans here:
    JAEGER_AGENT_HOST=127.0.0.1 npx --yes pnpm start > service.log
  Two products named Parité stay in its database.
`;

const { url, logs, 'agent-port': agentPort } = parseArguments();
const isOwn = url === undefined;
const agent = await startJaegerAgent('compact', isOwn ? 0 : Number(agentPort));
const service = isOwn
  ? await startOwnService(agent)
  : { url, lines: followLogFile(String(logs)), agent, stop: async () => {} };
try {
  const { results, problems } = await verifyTelemetry(service);
  for (const result of results) print(printResult(result));
  const failed = results.filter((result) => result.problems.length > 0);
  for (const problem of problems) print(`! ${problem}`);
  print(`${results.length - failed.length} of ${results.length} requests tell one story`);
  process.exitCode = failed.length + problems.length === 0 ? 0 : 1;
} finally {
  await service.stop();
  await agent.stop();
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

function parseArguments() {
  try {
    const { values } = parseArgs({
      options: { url: { type: 'string' }, logs: { type: 'string' }, 'agent-port': { type: 'string', default: '6831' } },
    });
    if ((values.url === undefined) !== (values.logs === undefined)) throw new Error('--url and --logs go together');
    if (values.url !== undefined && !URL.canParse(values.url)) throw new Error(`--url ${values.url} is no URL`);
    if (values.logs !== undefined) statSync(values.logs);
    return values;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n\n${usage}`);
    process.exit(2);
  }
}
