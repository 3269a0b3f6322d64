import { withDeadline } from './deadline.js';
import { type HttpAnswer, HttpAnswers } from './http-answers.js';

/** What became of what was sent. */
export interface SendResult {
  readonly sent: number;
  /** Why the others were not sent; undefined when all were. */
  readonly problem?: string;
}

/** What a receiver has refused of what it has taken. */
export interface Rejection {
  readonly count: number;
  readonly reason: string;
}

/** What is sent, in the words of messages. */
export interface Signal {
  /** As in `3 spans refusés`. */
  readonly refused: string;
  /** The likely cause of 404: where receivers listen. */
  readonly paths: string;
  /** The likely cause of 405. */
  readonly notTaken: string;
  /** The likely cause of 413. */
  readonly tooLarge: string;
}

/** An exporter of OpenTelemetry, as far as its SDK calls it. */
interface Exporter<Payload> {
  export(payload: Payload, done: (result: { readonly code: number; readonly error?: Error }) => void): void;
  shutdown(): Promise<void>;
}

export interface HttpExportOptions<Payload> {
  /** Where the exporter sends to, for messages. */
  readonly url: string;
  readonly signal: Signal;
  readonly timeoutMs: number;
  /** A header that the exporter cannot send by itself. */
  readonly authorization?: string | undefined;
  readonly createExporter: () => Exporter<Payload>;
  /** What the receiver has said of the last batch. */
  readonly takeRejection?: () => Rejection | undefined;
}

/** Sends over HTTP; never rejects. */
export interface HttpExport<Payload> {
  /** @param count what the payload counts as */
  send(payload: Payload, count: number): Promise<SendResult>;
  close(): Promise<void>;
}

/**
 * An OpenTelemetry exporter over HTTP of which only what a receiver has taken counts as sent. A receiver that does not answer
 * in time has its exporter shut down with its connections, and replaced.
 */
export function createHttpExport<Payload>(options: HttpExportOptions<Payload>): HttpExport<Payload> {
  const { url, signal, timeoutMs, createExporter, takeRejection } = options;
  const answers = new HttpAnswers(url, options.authorization);
  const shown = withoutCredentials(url);
  let exporter = createExporter();
  const discard = () => {
    exporter.shutdown().catch(() => {});
    exporter = createExporter();
  };
  return {
    send: async (payload, count) => {
      const exported = new Promise<{ readonly error?: Error | undefined }>((resolve) => {
        exporter.export(payload, ({ code, error }) =>
          resolve(code === 0 ? {} : { error: error ?? new Error('export refusé') }),
        );
      });
      const result = await withDeadline(exported, timeoutMs, undefined);
      const answer = answers.take();
      if (result === undefined) {
        discard();
        return { sent: 0, problem: `${shown} : pas de réponse en ${timeoutMs / 1_000} s` };
      }
      const isTaken = answer === undefined || (answer.status >= 200 && answer.status < 300);
      if (result.error !== undefined || !isTaken) {
        return { sent: 0, problem: `${shown} : ${describeFailure(signal, result.error, answer)}` };
      }
      const rejection = takeRejection?.();
      if (rejection === undefined) return { sent: count };
      const sent = Math.max(0, count - rejection.count);
      return { sent, problem: `${shown} : ${rejection.count} ${signal.refused} (${rejection.reason})` };
    },
    close: async () => {
      answers.close();
      await exporter.shutdown();
    },
  };
}

function withoutCredentials(url: string): string {
  const shown = new URL(url);
  shown.username = '';
  shown.password = '';
  return shown.href;
}

/** Likely causes of an answer that is not a success. */
const causes: Readonly<Record<number, (signal: Signal) => string>> = {
  401: () => 'le récepteur demande une identité',
  403: () => 'le récepteur refuse cette identité',
  404: ({ paths }) => `ce chemin n’existe pas : ${paths}`,
  405: ({ notTaken }) => notTaken,
  413: ({ tooLarge }) => `le récepteur refuse des lots aussi grands${tooLarge}`,
  415: () => 'le récepteur ne comprend pas ce format',
  429: () => 'le récepteur est surchargé',
  503: () => 'le récepteur est surchargé ou arrêté',
};

/** Likely causes of a connection that fails. */
const connectionCauses: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'rien n’écoute à cette adresse',
  ENOTFOUND: 'ce nom n’existe pas',
  EAI_AGAIN: 'le service de noms ne répond pas',
  ECONNRESET: 'le récepteur a coupé la connexion',
  EPROTO: 'le récepteur ne parle pas TLS : http:// au lieu de https:// ?',
};

function describeFailure(signal: Signal, error: Error | undefined, answer: HttpAnswer | undefined): string {
  if (answer !== undefined && (answer.status < 200 || answer.status >= 300)) {
    const { status, location } = answer;
    const cause =
      location === undefined ? causes[status]?.(signal) : `redirigé vers ${location} : donnez cette adresse`;
    return cause === undefined ? `HTTP ${status}` : `HTTP ${status}, ${cause}`;
  }
  const reason = error?.message ?? 'export refusé';
  const code = Object.keys(connectionCauses).find((name) => `${codeOf(error)} ${reason}`.includes(name));
  return code === undefined ? reason : `${reason} (${connectionCauses[code]})`;
}

function codeOf(error: Error | undefined): string {
  return error !== undefined && 'code' in error ? String(error.code) : '';
}
