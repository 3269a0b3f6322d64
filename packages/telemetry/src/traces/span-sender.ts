import type { tracing } from '@opentelemetry/sdk-node';
import { withDeadline } from '../deadline.js';
import { type HttpAnswer, HttpAnswers } from './http-answers.js';

/** The outcome of a batch of spans. */
export interface SendResult {
  readonly sent: number;
  /** Why the others were not sent; undefined when all were. */
  readonly problem?: string;
}

/** Gets spans out of the process; never rejects. */
export interface SpanSender {
  /** How many batches may be on their way at once. */
  readonly concurrency: number;
  /** The largest batch that it takes well; as many as are configured, where it does not say. */
  readonly batchSpansMax?: number;
  send(spans: readonly tracing.ReadableSpan[]): Promise<SendResult>;
  close(): Promise<void>;
}

/** Spans that a receiver has refused of a batch that it has taken. */
export interface Rejection {
  readonly spans: number;
  readonly reason: string;
}

export interface HttpSenderOptions {
  /** Where the exporter sends to, for messages. */
  readonly url: string;
  readonly timeoutMs: number;
  /** A header that the exporter cannot send by itself. */
  readonly authorization?: string | undefined;
  readonly createExporter: () => tracing.SpanExporter;
  /** What the receiver has said of the last batch. */
  readonly takeRejection?: () => Rejection | undefined;
}

/**
 * An OpenTelemetry exporter over HTTP as a sender. Only what a receiver has taken counts as sent. A receiver that does not
 * answer in time has its exporter shut down with its connections, and replaced.
 */
export function createHttpSender(options: HttpSenderOptions): SpanSender {
  const { url, timeoutMs, createExporter, takeRejection } = options;
  const answers = new HttpAnswers(url, options.authorization);
  const shown = withoutCredentials(url);
  let exporter = createExporter();
  const discard = () => {
    exporter.shutdown().catch(() => {});
    exporter = createExporter();
  };
  return {
    concurrency: 1,
    send: async (spans) => {
      const exported = new Promise<{ readonly error?: Error | undefined }>((resolve) => {
        exporter.export([...spans], ({ code, error }) =>
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
        return { sent: 0, problem: `${shown} : ${describeFailure(result.error, answer)}` };
      }
      const rejection = takeRejection?.();
      if (rejection === undefined) return { sent: spans.length };
      const sent = Math.max(0, spans.length - rejection.spans);
      return { sent, problem: `${shown} : ${rejection.spans} spans refusés (${rejection.reason})` };
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
const causes: Readonly<Record<number, string>> = {
  401: 'le récepteur demande une identité',
  403: 'le récepteur refuse cette identité',
  404: 'ce chemin n’existe pas : /api/traces pour Jaeger, /v1/traces pour OTLP',
  405: 'ce chemin ne prend pas de spans',
  413: 'le récepteur refuse des lots aussi grands : réduisez OTEL_BSP_MAX_EXPORT_BATCH_SIZE',
  415: 'le récepteur ne comprend pas ce format',
  429: 'le récepteur est surchargé',
  503: 'le récepteur est surchargé ou arrêté',
};

/** Likely causes of a connection that fails. */
const connectionCauses: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'rien n’écoute à cette adresse',
  ENOTFOUND: 'ce nom n’existe pas',
  EAI_AGAIN: 'le service de noms ne répond pas',
  ECONNRESET: 'le récepteur a coupé la connexion',
  EPROTO: 'le récepteur ne parle pas TLS : http:// au lieu de https:// ?',
};

function describeFailure(error: Error | undefined, answer: HttpAnswer | undefined): string {
  if (answer !== undefined && (answer.status < 200 || answer.status >= 300)) {
    const { status, location } = answer;
    const cause = location === undefined ? causes[status] : `redirigé vers ${location} : donnez cette adresse`;
    return cause === undefined ? `HTTP ${status}` : `HTTP ${status}, ${cause}`;
  }
  const reason = error?.message ?? 'export refusé';
  const code = Object.keys(connectionCauses).find((name) => `${codeOf(error)} ${reason}`.includes(name));
  return code === undefined ? reason : `${reason} (${connectionCauses[code]})`;
}

function codeOf(error: Error | undefined): string {
  return error !== undefined && 'code' in error ? String(error.code) : '';
}
