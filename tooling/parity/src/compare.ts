import type { CorpusRequest } from './corpus.js';
import { type Difference, diffMaps } from './difference.js';
import { fieldsOf, normaliseText, type Volatile } from './normalise.js';
import type { Answer } from './replay.js';

/** Of the transport, or of the moment. */
const IGNORED_HEADERS: ReadonlySet<string> = new Set([
  'date',
  'connection',
  'keep-alive',
  'content-length',
  'transfer-encoding',
]);

/** In what two answers to the same request differ. */
export function compareAnswers(request: CorpusRequest, a: Answer, b: Answer): Difference[] {
  const { subject } = request;
  return [
    ...diffMaps(new Map([['', String(a.status)]]), new Map([['', String(b.status)]]), { subject, aspect: 'status' }),
    ...diffMaps(headersOf(a), headersOf(b), { subject, aspect: 'header' }),
    ...(request.isBodyIgnored ? [] : diffBodies(request, a, b)),
  ];
}

export const volatileOf = ({ isRandom = false }: CorpusRequest, { created }: Answer): Volatile => ({
  created,
  isRandom,
});

function headersOf(answer: Answer): Map<string, string> {
  const context = { created: answer.created, isRandom: false };
  const compared = Object.entries(answer.headers).filter(([name]) => !IGNORED_HEADERS.has(name));
  return new Map(compared.map(([name, value]) => [name, normaliseText(value, context)]));
}

function diffBodies(request: CorpusRequest, a: Answer, b: Answer): Difference[] {
  const of = { subject: request.subject, aspect: 'body' } as const;
  const [bodyA, bodyB] = [readBody(request, a), readBody(request, b)];
  if (bodyA.format !== bodyB.format) return [{ ...of, name: '(format)', a: bodyA.format, b: bodyB.format }];
  const differences = diffMaps(bodyA.fields, bodyB.fields, of);
  // One element stands for all that differ in the same field.
  const named = differences.map((difference) => ({
    ...difference,
    name: difference.name.replaceAll(/\[\d+\]/g, '[]'),
  }));
  return named.filter(({ name }, index) => named.findIndex((other) => other.name === name) === index);
}

function readBody(request: CorpusRequest, answer: Answer): { format: string; fields: Map<string, string> } {
  const context = volatileOf(request, answer);
  if (answer.body === '') return { format: 'empty', fields: new Map() };
  try {
    return { format: 'JSON', fields: fieldsOf(JSON.parse(answer.body), context) };
  } catch {
    return { format: 'text', fields: new Map([['$', normaliseText(answer.body, context)]]) };
  }
}
