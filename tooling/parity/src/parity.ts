import { type AllowedDifference, findAllowance } from './allow.js';
import { compareAnswers, volatileOf } from './compare.js';
import { type CorpusRequest, corpus } from './corpus.js';
import { type Difference, diffMaps } from './difference.js';
import { LogFile, readLogNames } from './log-file.js';
import { readMetricNames } from './metric-names.js';
import { type Answer, Replay } from './replay.js';

/** A service, and the file that it writes its log to. */
export interface Side {
  readonly url: string;
  readonly logs?: string | undefined;
}

export interface Report {
  readonly requests: number;
  readonly unintended: readonly Difference[];
  readonly intended: readonly { readonly difference: Difference; readonly allowance: AllowedDifference }[];
}

/**
 * Makes every request of the corpus to both services, to A first, and compares what they answer, which metrics they have
 * then, and, where there are log files, which lines they have written.
 *
 * @throws {Error} when one of them does not answer.
 */
export async function compareServices(
  a: Side,
  b: Side,
  allowed: readonly AllowedDifference[],
  onProgress: (request: CorpusRequest) => void = () => {},
): Promise<Report> {
  const replays = [new Replay(a.url), new Replay(b.url)] as const;
  const logs =
    a.logs === undefined || b.logs === undefined ? undefined : ([new LogFile(a.logs), new LogFile(b.logs)] as const);
  const pairs: { request: CorpusRequest; answers: readonly [Answer, Answer] }[] = [];
  for (const request of corpus) {
    onProgress(request);
    pairs.push({ request, answers: [await replays[0].send(request), await replays[1].send(request)] });
  }
  const [metricsA, metricsB] = await Promise.all(replays.map((replay) => replay.metrics().then(readMetricNames)));
  const ofLogs = logs === undefined ? [] : await diffLogs(logs, pairs);
  const differences = [
    ...pairs.flatMap(({ request, answers }) => [
      ...compareAnswers(request, ...answers),
      ...ofLogs.filter(({ subject }) => subject === request.subject),
    ]),
    ...diffMetrics(metricsA ?? new Map(), metricsB ?? new Map()),
  ];
  const judged = differences.map((difference) => ({ difference, allowance: findAllowance(difference, allowed) }));
  return {
    requests: corpus.length,
    unintended: judged.filter(({ allowance }) => allowance === undefined).map(({ difference }) => difference),
    intended: judged.flatMap(({ difference, allowance }) =>
      allowance === undefined ? [] : [{ difference, allowance }],
    ),
  };
}

function diffMetrics(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): Difference[] {
  const isUnknown = ({ a: left, b: right }: Difference) => {
    const [typeA, typeB] = [left, right].map((text) => text?.split(' ')[0]);
    return typeA === typeB && (left?.endsWith('{?}') || right?.endsWith('{?}'));
  };
  return diffMaps(a, b, { subject: '(all)', aspect: 'metric' }).filter((difference) => !isUnknown(difference));
}

async function diffLogs(
  files: readonly [LogFile, LogFile],
  pairs: readonly { request: CorpusRequest; answers: readonly [Answer, Answer] }[],
): Promise<Difference[]> {
  const [linesA, linesB] = [await files[0].read(), await files[1].read()];
  return pairs.flatMap(({ request, answers: [a, b] }) =>
    diffMaps(
      readLogNames(linesA(a.traceId), volatileOf(request, a)),
      readLogNames(linesB(b.traceId), volatileOf(request, b)),
      { subject: request.subject, aspect: 'log' },
    ),
  );
}
