const SHOWN_CODE_POINTS_MAX = 60;

/** A received value for an error message: short, arrays and objects not walked into. */
export function describeValue(value: unknown): string {
  if (value === undefined) return 'rien';
  if (Array.isArray(value)) return 'un tableau';
  if (typeof value === 'string') return describeText(value);
  return typeof value === 'object' && value !== null ? 'un objet' : String(value);
}

function describeText(text: string): string {
  const shown = Array.from(text.slice(0, 2 * SHOWN_CODE_POINTS_MAX))
    .slice(0, SHOWN_CODE_POINTS_MAX)
    .join('');
  return JSON.stringify(shown.length < text.length ? `${shown}…` : text);
}
