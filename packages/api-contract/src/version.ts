import { z } from 'zod';
import { describeValue } from './describe-value.js';
import { ApiError } from './errors.js';
import { expected } from './fields.js';

/** Where an object of an answer has its version: JSON leaves symbols out. */
const VERSION = Symbol('version');

interface Versioned {
  [VERSION]?: string;
}

/** Notes the version of what an object shows, which answers carry as `ETag` (RFC 9110, 8.8.3). */
export function setVersion(shown: object, version: string): void {
  (shown as Versioned)[VERSION] = version;
}

/** The version of what an answer shows, if it is known. */
export function versionOf(shown: unknown): string | undefined {
  return typeof shown === 'object' && shown !== null ? (shown as Versioned)[VERSION] : undefined;
}

const expectedTags = expected('* ou des ETag, guillemets compris');

export const ifMatchSchema = z
  .string(expectedTags)
  .refine((value) => !value.includes('\0'), expectedTags)
  .optional()
  .meta({
    description: 'Only if it still has one of these versions: the `ETag` of an answer before, or `*`',
    examples: ['"1234"'],
  });

/** Which versions a change is meant for. */
export interface Precondition {
  /** `*`, or entity tags in quotes, as `If-Match` has them; any version without. */
  ifMatch?: string | undefined;
}

/** Why a row was neither changed nor removed: there is none, or it has another version. */
export type Untouched = 'absent' | 'changed';

/** The versions that `If-Match` names (RFC 9110, 13.1.1), without the weak ones, which match none; undefined: any. */
export function versionsIn(ifMatch: string | undefined): string[] | undefined {
  if (ifMatch === undefined || ifMatch === '*') return undefined;
  const tags = [...ifMatch.matchAll(/(W\/)?"([^"]*)"/g)];
  return tags.flatMap(([, weak, version = '']) => (weak === undefined ? [version] : []));
}

/** The row has none of the versions that `If-Match` names. */
export function preconditionFailed(ifMatch: string | undefined): ApiError {
  const message = `La version n’est pas l’actuelle : If-Match attend l’ETag actuel, guillemets compris, reçu ${describeValue(ifMatch)}.`;
  return new ApiError('PRECONDITION_FAILED', { message });
}
