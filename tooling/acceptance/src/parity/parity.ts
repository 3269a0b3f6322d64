import { randomBytes } from 'node:crypto';
import { type Answer, Client } from '../client.js';
import { corpus } from '../corpus.js';
import { followLogFile, type LogLine, readUntilQuiet } from '../log-file.js';
import type { CorpusRequest } from '../request.js';
import { type AllowedDifference, findAllowance } from './allow.js';
import { compareAnswers, volatileOf } from './compare-answers.js';
import { type Difference, diffMaps } from './difference.js';
import { readLogNames, readMetricNames } from './names.js';

/** A service, and the file that it writes its log to. */
export interface Side {
  readonly url: string;
  readonly logs?: string | undefined;
}

export interface Report {
  readonly requests: number;
  readonly unintended: readonly Difference[];
  /** The reason of each intended difference. */
  readonly intended: readonly string[];
}

type TracedAnswer = Answer & { readonly traceId: string };

/** A request and its two answers. */
interface Pair {
  readonly request: CorpusRequest;
  readonly a: TracedAnswer;
  readonly b: TracedAnswer;
}

/**
 * Makes every request of the corpus to both services, to A first, and compares their answers, the names of their metrics
 * and, where both have a log file, their log lines.
 *
 * @throws {Error} when one of them does not answer
 */
export async function compareServices(
  a: Side,
  b: Side,
  allowed: readonly AllowedDifference[],
  onProgress: (request: CorpusRequest) => void = () => {},
): Promise<Report> {
  const [clientA, clientB] = [new Client(a.url), new Client(b.url)];
  const [readA, readB] = [a.logs, b.logs].map((file) => (file === undefined ? undefined : followLogFile(file)));
  const pairs: Pair[] = [];
  for (const request of corpus) {
    onProgress(request);
    pairs.push({ request, a: await sendTraced(clientA, request), b: await sendTraced(clientB, request) });
  }
  const metrics = diffMetrics(
    readMetricNames(await clientA.scrape('text/plain')),
    readMetricNames(await clientB.scrape('text/plain')),
  );
  const lines =
    readA === undefined || readB === undefined
      ? undefined
      : { a: await readUntilQuiet(readA), b: await readUntilQuiet(readB) };
  const ofPairs = pairs.flatMap((pair) => [
    ...compareAnswers(pair.request, pair.a, pair.b),
    ...(lines === undefined ? [] : diffLogs(pair, lines)),
  ]);
  const differences = [...ofPairs, ...metrics];
  const reasons = differences.map((difference) => findAllowance(difference, allowed)?.reason);
  return {
    requests: corpus.length,
    unintended: differences.filter((_, index) => reasons[index] === undefined),
    intended: reasons.filter((reason) => reason !== undefined),
  };
}

/** Continues a trace of 16 digits, which services of Jaeger's days understand too. */
async function sendTraced(client: Client, request: CorpusRequest): Promise<TracedAnswer> {
  const traceId = randomBytes(8).toString('hex');
  return { ...(await client.send(request, { 'uber-trace-id': `${traceId}:${traceId}:0:1` })), traceId };
}

function diffMetrics(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): Difference[] {
  const isUnknown = ({ a: left, b: right }: Difference) => {
    const [typeA, typeB] = [left, right].map((text) => text?.split(' ')[0]);
    return typeA === typeB && (left?.endsWith('{?}') || right?.endsWith('{?}'));
  };
  return diffMaps(a, b, { request: '(all)', kind: 'metric' }).filter((difference) => !isUnknown(difference));
}

function diffLogs({ request, a, b }: Pair, lines: Record<'a' | 'b', readonly LogLine[]>): Difference[] {
  const namesOf = (all: readonly LogLine[], answer: TracedAnswer) =>
    readLogNames(
      all.filter((line) => isSameId(line['trace_id'], answer.traceId)),
      volatileOf(request, answer),
    );
  return diffMaps(namesOf(lines.a, a), namesOf(lines.b, b), { request: request.name, kind: 'log' });
}

/** A trace id is a number, written with zeros in front by some and without by others. */
function isSameId(a: unknown, b: string): boolean {
  return typeof a === 'string' && /^[0-9a-f]+$/i.test(a) && BigInt(`0x${a}`) === BigInt(`0x${b}`);
}
