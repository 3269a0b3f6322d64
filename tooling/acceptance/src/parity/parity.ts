import { randomBytes } from 'node:crypto';
import { type Answer, Client } from '../client.js';
import { corpus } from '../corpus.js';
import type { LogLine } from '../log-file.js';
import type { CorpusRequest } from '../request.js';
import { type AllowedDifference, findAllowance } from './allow.js';
import { compareAnswers, volatileOf } from './compare-answers.js';
import { type Difference, diffMaps } from './difference.js';
import { readLogNames, readMetricNames } from './names.js';
import { RequestLines } from './request-lines.js';

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
  /** How the comparison was made, where that matters. */
  readonly notes: readonly string[];
}

type TracedAnswer = Answer & { readonly lines: readonly LogLine[] | undefined };

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
  const [logA, logB] = [a.logs, b.logs].map((file) => (file === undefined ? undefined : new RequestLines(file)));
  const sent: { readonly request: CorpusRequest; readonly a: SentRequest; readonly b: SentRequest }[] = [];
  for (const request of corpus) {
    onProgress(request);
    sent.push({
      request,
      a: await sendTraced(clientA, request, logA),
      b: await sendTraced(clientB, request, logB),
    });
  }
  const metrics = diffMetrics(
    readMetricNames(await clientA.scrape('text/plain')),
    readMetricNames(await clientB.scrape('text/plain')),
  );
  await Promise.all([logA?.settle(), logB?.settle()]);
  const withLines = ({ answer, traceId, index }: SentRequest, log: RequestLines | undefined): TracedAnswer => ({
    ...answer,
    lines: log?.of(traceId, index),
  });
  const ofPairs = sent
    .map(({ request, a: ofA, b: ofB }): Pair => ({ request, a: withLines(ofA, logA), b: withLines(ofB, logB) }))
    .flatMap((pair) => [...compareAnswers(pair.request, pair.a, pair.b), ...diffLogs(pair)]);
  const differences = [...ofPairs, ...metrics];
  const reasons = differences.map((difference) => {
    const allowance = findAllowance(difference, allowed);
    if (allowance?.affects === undefined) return allowance?.reason;
    return `${allowance.reason} (affects ${allowance.affects})`;
  });
  return {
    requests: corpus.length,
    unintended: differences.filter((_, index) => reasons[index] === undefined),
    intended: reasons.filter((reason) => reason !== undefined),
    notes: [
      ...(logA?.isOrdered ? ['the lines of A name no trace: they were matched by their order'] : []),
      ...(logB?.isOrdered ? ['the lines of B name no trace: they were matched by their order'] : []),
    ],
  };
}

interface SentRequest {
  readonly answer: Answer;
  readonly traceId: string;
  /** Its place among the requests to this service. */
  readonly index: number;
}

/** Continues a trace of 16 digits, which services of Jaeger's days understand too. */
async function sendTraced(client: Client, request: CorpusRequest, log: RequestLines | undefined): Promise<SentRequest> {
  const traceId = randomBytes(8).toString('hex');
  const answer = await client.send(request, { 'uber-trace-id': `${traceId}:${traceId}:0:1` });
  return { answer, traceId, index: (await log?.mark()) ?? 0 };
}

function diffMetrics(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): Difference[] {
  const isUnknown = ({ a: left, b: right }: Difference) => {
    const [typeA, typeB] = [left, right].map((text) => text?.split(' ')[0]);
    return typeA === typeB && (left?.endsWith('{?}') || right?.endsWith('{?}'));
  };
  return diffMaps(a, b, { request: '(all)', kind: 'metric' }).filter((difference) => !isUnknown(difference));
}

function diffLogs({ request, a, b }: Pair): Difference[] {
  if (a.lines === undefined || b.lines === undefined) return [];
  const [ofA, ofB] = [a, b].map((answer) => readLogNames(answer.lines ?? [], volatileOf(request, answer)));
  return diffMaps(ofA ?? new Map(), ofB ?? new Map(), { request: request.name, kind: 'log' });
}
