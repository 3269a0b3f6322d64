import type { Answer } from '../client.js';
import type { CorpusRequest } from '../request.js';
import { type Difference, diffMaps } from './difference.js';
import { fieldsOf, normaliseText, type Volatile } from './normalise.js';

/** Of the transport, or of the moment. */
const IGNORED_HEADERS: ReadonlySet<string> = new Set([
  'date',
  'connection',
  'keep-alive',
  'content-length',
  'transfer-encoding',
]);

/** The differences between two answers to the same request. */
export function compareAnswers(request: CorpusRequest, a: Answer, b: Answer): Difference[] {
  const of = (kind: Difference['kind']) => ({ request: request.name, kind });
  return [
    ...diffMaps(new Map([['', String(a.status)]]), new Map([['', String(b.status)]]), of('status')),
    ...diffMaps(headersOf(a), headersOf(b), of('header')),
    ...(request.isBodyIgnored ? [] : diffBodies(request, a, b)),
  ];
}

/** What normalisation needs to know of an answer. */
export const volatileOf = ({ isRandom = false }: CorpusRequest, { created }: Answer): Volatile => ({
  created,
  isRandom,
});

function headersOf({ headers, created }: Answer): Map<string, string> {
  const compared = Object.entries(headers).filter(([name]) => !IGNORED_HEADERS.has(name));
  return new Map(compared.map(([name, value]) => [name, normaliseText(value, { created, isRandom: false })]));
}

function diffBodies(request: CorpusRequest, a: Answer, b: Answer): Difference[] {
  const of = { request: request.name, kind: 'body' } as const;
  const [bodyA, bodyB] = [readBody(request, a), readBody(request, b)];
  if (bodyA.format !== bodyB.format) return [{ ...of, name: '(format)', a: bodyA.format, b: bodyB.format }];
  // One element stands for all that differ in the same field.
  const byField = new Map<string, Difference>();
  for (const difference of diffMaps(bodyA.fields, bodyB.fields, of)) {
    const name = difference.name.replaceAll(/\[\d+\]/g, '[]');
    if (!byField.has(name)) byField.set(name, { ...difference, name });
  }
  return [...byField.values()];
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
