import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type RunningProcess, run, traceIdOf, urlOf } from '../backend.js';

// Prometheus's own parser of the format, from Debian's python3-prometheus-client.
const parser = `
import json, sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families
families = []
for family in text_string_to_metric_families(sys.stdin.read()):
    exemplars = [dict(sample.exemplar.labels) for sample in family.samples if sample.exemplar]
    families.append({'name': family.name, 'type': family.type, 'samples': len(family.samples), 'exemplars': exemplars})
print(json.dumps(families))
`;

let service: RunningProcess;
let url: string;
beforeAll(async () => {
  service = run({ DATABASE_URL: 'postgresql://x:x@127.0.0.1:1/x', SLOW_ENDPOINT_DELAY: '0' });
  url = await urlOf(service);
});
afterAll(async () => {
  await service.stop();
});

it('a real parser reads /metrics as OpenMetrics, with the exemplars of the requests made', async () => {
  const responses = await Promise.all(
    ['/slow', '/products/x', '/nowhere', '/trpc/health.check'].map((path) => fetch(`${url}${path}`)),
  );
  const traceIds = responses.map(traceIdOf);
  const response = await fetch(`${url}/metrics`, {
    headers: { Accept: 'application/openmetrics-text; version=1.0.0' },
  });
  expect(response.headers.get('content-type')).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8');
  const families: { name: string; type: string; samples: number; exemplars: { trace_id: string }[] }[] = JSON.parse(
    execFileSync('/usr/bin/python3', ['-c', parser], { input: await response.text(), encoding: 'utf8' }),
  );
  const byName = new Map(families.map((family) => [family.name, family]));
  expect(byName.get('http_requests')).toMatchObject({ type: 'counter' });
  expect(byName.get('database_connection_pool')).toMatchObject({ type: 'gauge', samples: 4 });
  const duration = byName.get('http_request_duration_seconds');
  expect(duration).toMatchObject({ type: 'histogram' });
  expect(duration?.exemplars.map(({ trace_id }) => trace_id).sort()).toEqual(traceIds.toSorted());
});
