/** Longest text of a field, in bytes as the log writes it; no line has more than four such texts. */
const TEXT_BYTES_MAX = 3_000;

/** Bytes of a character at most: `\u0080`. */
const CHARACTER_BYTES_MAX = 6;

const CUT = '… (coupé)';

/** The text, or as much of it as fits, with a mark that it was cut. */
export function cutText(text: string, bytesMax = TEXT_BYTES_MAX): string {
  if (text.length * CHARACTER_BYTES_MAX <= bytesMax) return text;
  let bytes = 0;
  let length = 0;
  for (const character of text) {
    bytes += bytesOf(character);
    if (bytes > bytesMax) return `${text.slice(0, length)}${CUT}`;
    length += character.length;
  }
  return text;
}

/** As JSON writes a character, C1 controls and Unicode's line ends escaped. */
function bytesOf(character: string): number {
  const code = character.codePointAt(0) ?? 0;
  if (character === '"' || character === '\\') return 2;
  if (code < 0x20 || (code >= 0x80 && code < 0xa0) || code === 0x2028 || code === 0x2029) return CHARACTER_BYTES_MAX;
  if (code >= 0xd800 && code < 0xe000) return CHARACTER_BYTES_MAX;
  return code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
}
