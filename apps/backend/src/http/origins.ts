/** An origin (RFC 6454: scheme, host and port) in whose host `*` may stand for a label, but for the last one. */
const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/(?:(?:(?:[a-z0-9_-]+|\*)\.)*[a-z0-9_-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/;

/** Whether `CORS_ORIGINS` may have this word: `*`, an origin of any scheme, or one with a `*` for one label of its host. */
export function isOriginPattern(word: string): boolean {
  return word === '*' || (ORIGIN.test(word) && word.split('*').length <= 2 && isAsBrowsersSend(word));
}

/** Browsers leave out the default port, and write hosts in lower case. */
function isAsBrowsersSend(origin: string): boolean {
  if (!/^https?:/.test(origin)) return true;
  const concrete = origin.replace('*', 'label');
  return URL.canParse(concrete) && new URL(concrete).origin === concrete;
}

/** Those origins as the CORS middleware compares them. */
export function compileOrigins(patterns: readonly string[]): '*' | (string | RegExp)[] {
  if (patterns.includes('*')) return '*';
  return patterns.map((pattern) => {
    if (!pattern.includes('*')) return pattern;
    const [before = '', after = ''] = pattern.split('*').map((part) => part.replaceAll(/[.[\]+]/g, '\\$&'));
    return new RegExp(`^${before}[a-z0-9-]+${after}$`);
  });
}
