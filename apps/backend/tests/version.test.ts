// A release has one version, wherever it is shown.
import { startJaegerAgent } from '@products/jaeger';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { startOnSamples } from './backend.js';
import { readFromRepository } from './documents.js';
import { eventually } from './eventually.js';

it('package.json’s version is the chart’s, and what GET /, metrics and traces show', async () => {
  const agent = await startJaegerAgent();
  await using backend = await startOnSamples({ JAEGER_AGENT_PORT: String(agent.port) });
  await backend.fetch('/products');
  await eventually(() => expect(agent.batches()).not.toEqual([]));
  const chart = parse(readFromRepository('deploy/helm/products/Chart.yaml'));
  const { version: shown } = (await (await backend.fetch('/')).json()) as { version: string };
  const [, measured] =
    /^products_build_info\{.*?version="([^"]*)"/m.exec(await (await backend.fetch('/metrics')).text()) ?? [];
  const { version } = JSON.parse(readFromRepository('package.json')) as { version: string };
  expect({
    chart: chart.version,
    image: chart.appVersion,
    shown,
    measured,
    traced: agent.batches()[0]?.processTags['service.version'],
  }).toEqual({ chart: version, image: version, shown: version, measured: version, traced: version });
  await backend.stop();
  await agent.stop();
});
