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
