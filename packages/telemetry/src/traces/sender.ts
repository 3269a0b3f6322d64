import type { BatchSettings, Receiver } from '../settings.js';
import { createAgentSender } from './jaeger/agent-sender.js';
import type { SpanSender } from './span-sender.js';

/** Loads the exporter that the receiver needs, and no other. Undefined where spans go nowhere. */
export async function createSender(receiver: Receiver, { timeoutMs }: BatchSettings): Promise<SpanSender | undefined> {
  switch (receiver.kind) {
    case 'none':
      return undefined;
    case 'otlp': {
      const { createOtlpSender } = await import('./otlp-sender.js');
      return createOtlpSender(receiver.url, timeoutMs);
    }
    case 'collector': {
      const { createCollectorSender } = await import('./jaeger/collector-sender.js');
      return createCollectorSender(receiver, timeoutMs);
    }
    case 'agent':
      return createAgentSender(receiver.host, receiver.port);
  }
}
