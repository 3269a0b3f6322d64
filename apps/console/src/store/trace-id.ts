/** The 32 digits of an id that may be short, or in capitals; undefined for what is none. */
export function readTraceId(text: string): string | undefined {
  return /^[\da-f]{1,32}$/i.test(text) ? text.toLowerCase().padStart(32, '0') : undefined;
}
