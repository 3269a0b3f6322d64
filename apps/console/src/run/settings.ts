/** What decides how a service is started. */
export interface Settings {
  readonly hasConsole: boolean;
  readonly isPretty: boolean;
}

/** Variables that name a receiver of traces: who sets one has a place to look at them. */
const RECEIVER = /^(?:JAEGER_|OTEL_EXPORTER_OTLP_)/;

/**
 * Reads `CONSOLE` and `LOG_FORMAT`.
 *
 * @param isTerminal whether stdout is one
 * @param isWanted whether the console starts though nothing asks for it
 * @throws {Error} with one message that lists every wrong variable, its value, and what is allowed.
 */
export function readSettings(environment: NodeJS.ProcessEnv, isTerminal: boolean, isWanted: boolean): Settings {
  const problems: string[] = [];
  const read = <T extends string>(name: string, allowed: readonly T[]): T | undefined => {
    const value = environment[name]?.trim();
    if (value === undefined || value === '') return undefined;
    const found = allowed.find((each) => each === value);
    if (found === undefined) {
      problems.push(`${name} : attendu ${allowed.join(' ou ')}, reçu ${JSON.stringify(value.slice(0, 100))}`);
    }
    return found;
  };
  const console = read('CONSOLE', ['on', 'off']);
  const format = read('LOG_FORMAT', ['json', 'pretty']);
  if (problems.length > 0) throw new Error(`Configuration invalide : ${problems.join(' ; ')}`);
  const isSet = (name: string) => (environment[name]?.trim() ?? '') !== '';
  const hasReceiver = Object.keys(environment).some((name) => RECEIVER.test(name) && isSet(name));
  return {
    hasConsole: console === undefined ? isWanted || !(isSet('CI') || hasReceiver) : console === 'on',
    isPretty: format === undefined ? isTerminal : format === 'pretty',
  };
}
