import { z } from 'zod';

/** Fields whose values stay out of messages. */
const secrets = z.registry<{ secret: true }>();

/** Marks a field as secret: its problems do not show its value. */
export function secret<Field extends z.ZodType>(field: Field): Field {
  secrets.add(field, { secret: true });
  return field;
}

/** Whether the field, or the one inside its `.optional()` or `.default()`, is marked. */
export function isSecret(field: z.core.$ZodType | undefined): boolean {
  if (field === undefined) return false;
  if (secrets.has(field)) return true;
  const isWrapper = field instanceof z.ZodOptional || field instanceof z.ZodDefault;
  return isWrapper && isSecret(field.unwrap());
}

/** A field read from its text; `read` returns undefined for a text that is not allowed. */
function field<Value>(allowed: string, read: (text: string) => Value | undefined) {
  return z.string().transform((text, context) => {
    const value = read(text.trim());
    if (value !== undefined) return value;
    context.issues.push({ code: 'custom', input: text, message: `attendu : ${allowed}` });
    return z.NEVER;
  });
}

/** Digits as Python's `float()` and `int()` take them: `1_000`. */
const DIGITS = '\\d+(?:_\\d+)*';
const INTEGER = new RegExp(`^[+-]?${DIGITS}$`);
const NUMBER = new RegExp(`^[+-]?(?:${DIGITS}\\.?(?:${DIGITS})?|\\.${DIGITS})(?:e[+-]?${DIGITS})?$`, 'i');

const readAs = (form: RegExp, text: string) => (form.test(text) ? Number(text.replaceAll('_', '')) : undefined);
const readInteger = (text: string) => readAs(INTEGER, text);
const readNumber = (text: string) => readAs(NUMBER, text);

const within = (value: number | undefined, min: number, max: number) =>
  value !== undefined && value >= min && value <= max ? value : undefined;

/** A whole number from min to max. */
export function integer(min: number, max: number) {
  return field(`nombre entier de ${min} à ${max}`, (text) => within(readInteger(text), min, max));
}

/** A number from min to max. */
export function number(min: number, max: number) {
  return field(`nombre de ${min} à ${max}`, (text) => within(readNumber(text), min, max));
}

/**
 * A duration, written in seconds with an optional fraction; the value is in milliseconds.
 *
 * @param options bounds in seconds; `orNever` allows -1, which becomes `-1`
 */
export function seconds(min: number, max: number, { orNever = false } = {}) {
  const never = orNever ? ', ou -1 pour jamais' : '';
  return field(`durée de ${min} à ${max} secondes, fractions permises${never}`, (text) => {
    const value = readNumber(text);
    if (orNever && value === -1) return -1;
    const inRange = within(value, min, max);
    return inRange === undefined ? undefined : Math.round(inRange * 1_000);
  });
}

/** A duration in whole milliseconds, as OpenTelemetry's variables give it. */
export function milliseconds(min: number, max: number) {
  return field(`durée de ${min} à ${max} millisecondes`, (text) => within(readInteger(text), min, max));
}

/** `key=value` pairs, separated by commas; keys and values may be percent-encoded. */
export function keyValues() {
  return field('clé=valeur, séparées par des virgules', (text) => {
    const pairs = text
      .split(',')
      .filter((pair) => pair.trim() !== '')
      .map((pair) =>
        pair
          .split(/=(.*)/s)
          .slice(0, 2)
          .map((part) => decode(part.trim())),
      );
    const isWhole = pairs.every(([key, value]) => key !== undefined && key !== '' && value !== undefined);
    return isWhole ? (Object.fromEntries(pairs) as Readonly<Record<string, string>>) : undefined;
  });
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

export function boolean() {
  const values: Readonly<Record<string, boolean>> = {
    true: true,
    '1': true,
    yes: true,
    on: true,
    false: false,
    '0': false,
    no: false,
    off: false,
  };
  return field(Object.keys(values).join(', '), (text) =>
    Object.hasOwn(values, text.toLowerCase()) ? values[text.toLowerCase()] : undefined,
  );
}

/** One of these words, in upper or lower case. */
export function choice<const Word extends string>(words: readonly Word[]) {
  return field(words.join(', '), (text) => words.find((word) => word.toLowerCase() === text.toLowerCase()));
}

export function text() {
  return field('texte', (value) => value);
}

/** A comma-separated list of at least one allowed word. */
export function list(allowed: string, isAllowed: (word: string) => boolean) {
  return field(`${allowed}, séparés par des virgules`, (value) => {
    const words = value
      .split(',')
      .map((word) => word.trim())
      .filter((word) => word !== '');
    return words.length > 0 && words.every(isAllowed) ? words : undefined;
  });
}

export function url() {
  return field('URL http:// ou https://', (value) => (isHttpUrl(value) ? value : undefined));
}

/** A URL in which `{name}` stands for a value. */
export function template(name: string) {
  return field(`URL http:// ou https:// avec {${name}}`, (value) =>
    value.includes(`{${name}}`) && isHttpUrl(value.replaceAll(`{${name}}`, 'x')) ? value : undefined,
  );
}

function isHttpUrl(text: string): boolean {
  return /^https?:\/\//i.test(text) && URL.canParse(text);
}
