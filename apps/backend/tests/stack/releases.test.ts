// The line that dashboards draw at a release, asked of a real Prometheus as Grafana asks it.

import { findFreePort } from '@products/db/testing';
import { releases } from '@products/monitoring';
import { afterAll, expect, it } from 'vitest';
import { type ServingProcess, startOnSamples } from '../backend.js';
import { eventually } from '../eventually.js';
import { type PrometheusServer, startPrometheus } from './prometheus-server.js';

const step = '1s';
const promql = releases.expression.promql.replaceAll('$__interval', step);

let service: ServingProcess | undefined;
let prometheus: PrometheusServer | undefined;
afterAll(async () => {
  await prometheus?.stop();
  await service?.stop();
});

it('each release is one point with its version and revision, and a restart is none', async () => {
  const PORT = String(await findFreePort());
  const start = (REVISION: string) => startOnSamples({ PORT, REVISION });
  service = await start('first');
  prometheus = await startPrometheus('prometheus', [service.url]);
  const { query, queryRange } = prometheus;
  const processStart = async () => (await query('process_start_time_seconds'))[0]?.value[1];
  for (const revision of ['first', 'second', 'second']) {
    const before = await processStart();
    await service.stop();
    await eventually(async () => expect((await query('up'))[0]?.value[1]).toBe('0'));
    service = await start(revision);
    await eventually(async () => {
      const now = await processStart();
      expect(now).toBeDefined();
      expect(now).not.toBe(before);
    });
  }
  await eventually(async () => {
    const found = await queryRange(promql, 3);
    const lines = found.map(({ metric, values }) => ({ ...metric, points: values.length }));
    expect(lines).toEqual(
      ['first', 'second'].map((revision) => ({
        version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
        revision,
        points: 1,
      })),
    );
  });
});
