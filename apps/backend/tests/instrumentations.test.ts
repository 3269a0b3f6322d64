import { drawTree } from '@products/acceptance';
import { type JaegerSpan, startJaegerAgent } from '@products/jaeger';
import { expect, it } from 'vitest';
import { startBackend, traceIdOf } from './backend.js';
import { eventually } from './eventually.js';

// OpenTelemetry's own instrumentations are loaded on demand, through the preload, beside the service's own spans.

it.each([
  ['http', ['GET /products/:id', '  db_query_product_by_id']],
  ['http,pg', ['GET /products/:id', '  db_query_product_by_id', expect.stringMatching(/^ {4}pg\.query:/)]],
])('OTEL_NODE_ENABLED_INSTRUMENTATIONS=%s: their spans, and one server span a request', async (enabled, tree) => {
  const agent = await startJaegerAgent();
  const backend = await startBackend({
    JAEGER_AGENT_PORT: String(agent.port),
    OTEL_NODE_ENABLED_INSTRUMENTATIONS: enabled,
  });
  const traceId = traceIdOf(await backend.fetch('/products/1'));
  const spansOf = (): JaegerSpan[] => agent.spans().filter((span) => span.traceId === traceId);
  // A new connection has spans of its own, and a statement that sets it up.
  const treeOf = () =>
    drawTree(spansOf()).filter((line) => !/^ *pg(?:-pool\.connect|\.connect|\.query:SET)/.test(line));
  await eventually(() => expect(treeOf()).toEqual(tree));
  await backend.stop();
  expect(treeOf()).toEqual(tree);
  await agent.stop();
});
