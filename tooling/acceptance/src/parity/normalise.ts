// Values that no two requests share are replaced by their form, so that only differences of the services remain.

/** The parts of an answer that no other answer shares. */
export interface Volatile {
  /** Id of the row that the service created last. */
  readonly created: number | undefined;
  readonly isRandom: boolean;
}

const TIME = /\d{4}-\d\d-\d\d([T ])\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)?/g;
/** Of a row, by the transaction that wrote it. */
const VERSION = /^"\d+"$/;
const TRACE_CONTEXT = /\b00-[0-9a-f]{32}-[0-9a-f]{16}-/g;
const ID_KEYS: ReadonlySet<string> = new Set(['id', 'product_id', 'nextCursor']);
const HEX_KEYS: ReadonlySet<string> = new Set(['trace_id', 'span_id']);
/** Of `/error`: they name the failure that was chosen. */
const RANDOM_KEYS: ReadonlySet<string> = new Set(['type', 'type_label', 'message', 'error', 'details']);

/** A text with times, trace contexts and the id of the created row replaced. */
export function normaliseText(text: string, { created }: Volatile): string {
  const timeless = text
    .replaceAll(TIME, (_, separator, fraction, zone) => {
      return `<date>${separator}<time>${fraction === undefined ? '' : '<fraction>'}${zone === undefined ? '' : '<zone>'}`;
    })
    .replaceAll(TRACE_CONTEXT, '00-<trace id>-<span id>-')
    .replace(VERSION, '"<version>"');
  return created === undefined
    ? timeless
    : timeless.replaceAll(new RegExp(`(?<=/[a-z-]+)/${created}\\b`, 'g'), '/{created}');
}

/** Every field of a JSON value by its path; elements of an array share theirs. */
export function fieldsOf(value: unknown, context: Volatile): Map<string, string> {
  const fields = new Map<string, string>();
  collect(value, '$', '', context, fields);
  return fields;
}

function collect(value: unknown, path: string, key: string, context: Volatile, fields: Map<string, string>): void {
  if (Array.isArray(value)) {
    fields.set(`${path}.length`, String(value.length));
    value.forEach((element, index) => {
      collect(element, `${path}[${index}]`, key, context, fields);
    });
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, inner] of Object.entries(value)) collect(inner, `${path}.${name}`, name, context, fields);
  } else {
    fields.set(path, normaliseLeaf(value, key, context));
  }
}

function normaliseLeaf(value: unknown, key: string, context: Volatile): string {
  if (context.isRandom && RANDOM_KEYS.has(key)) return `<${typeof value}>`;
  if (ID_KEYS.has(key) && value === context.created) return '{created}';
  if (typeof value !== 'string') return JSON.stringify(value);
  if (HEX_KEYS.has(key)) return `<${value.length} hexadecimal digits>`;
  return JSON.stringify(normaliseText(value, context));
}

/** A log message with its numbers replaced; of a random answer, also the text after the colon. */
export function normaliseMessage(message: string, { isRandom }: Volatile): string {
  return (isRandom ? message.replace(/: .*/su, ': <random>') : message).replaceAll(/\d+(\.\d+)?/g, '<n>');
}
