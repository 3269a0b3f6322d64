import { cutText } from './cut-text.js';

/** Longest text of stack and causes, in bytes. */
const EXC_INFO_BYTES_MAX = 7_000;
const CAUSES_MAX = 3;
/** Stacks of one class at one place are written once in this time. */
const STACK_EVERY_MS = 1_000;
/** Classes and places that are remembered. */
const PLACES_MAX = 1_000;

/** An error as flat text, under python-json-logger's names. */
export interface ErrorFields {
  /** Class of the error. */
  readonly error_type: string;
  /** Stack and causes; absent when the same was written a moment ago. */
  readonly exc_info?: string;
  /** Stacks left out since the last one of this class at this place. */
  readonly stacks_omitted?: number;
}

/** Renders errors for the log: a flood of one error writes one stack a second. */
export function createErrorFields(): (error: unknown) => ErrorFields {
  const places = new Map<string, { writtenAt: number; omitted: number }>();
  return (error) => {
    if (!(error instanceof Error)) return { error_type: typeof error, exc_info: cutText(String(error)) };
    const { stack = '' } = error;
    const error_type = cutText(error.name, 200);
    const [, place = ''] = /^ +at (.*)$/m.exec(stack) ?? [];
    const key = `${error_type} ${place}`;
    const now = performance.now();
    const known = places.get(key);
    if (known !== undefined && now - known.writtenAt < STACK_EVERY_MS) {
      known.omitted += 1;
      return { error_type };
    }
    if (places.size >= PLACES_MAX) places.clear();
    places.set(key, { writtenAt: now, omitted: 0 });
    const exc_info = cutText(renderStack(error), EXC_INFO_BYTES_MAX);
    return known === undefined || known.omitted === 0
      ? { error_type, exc_info }
      : { error_type, exc_info, stacks_omitted: known.omitted };
  };
}

function renderStack(error: Error): string {
  const parts: string[] = [];
  for (let cause: unknown = error; cause !== undefined && parts.length <= CAUSES_MAX; ) {
    parts.push(cause instanceof Error ? (cause.stack ?? String(cause)) : String(cause));
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  return parts.join('\nCaused by: ');
}
