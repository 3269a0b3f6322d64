import type { Call } from '@products/client';

const attribute = (key: string, stringValue: string) => ({ key, value: { stringValue } });
const nanoseconds = (milliseconds: number) => `${Math.round(milliseconds * 1_000)}000`;

/** Sends the span of a call that began in this page, in OTLP's JSON, so that its trace begins with the click. */
export function sendCallSpan({ path, type, traceId, spanId, startedAt, durationMs, error }: Call): void {
  const message = error instanceof Error ? error.message : undefined;
  const span = {
    traceId,
    spanId,
    name: path,
    kind: 3,
    startTimeUnixNano: nanoseconds(startedAt),
    endTimeUnixNano: nanoseconds(startedAt + durationMs),
    attributes: [attribute('rpc.system', 'trpc'), attribute('rpc.method', path), attribute('trpc.type', type)],
    status: message === undefined ? {} : { code: 2, message },
  };
  const resource = {
    attributes: [attribute('service.name', 'console-page'), attribute('telemetry.sdk.language', 'webjs')],
  };
  const body = JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ spans: [span] }] }] });
  void fetch('/v1/traces', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body,
    keepalive: true,
  }).catch(() => {});
}
