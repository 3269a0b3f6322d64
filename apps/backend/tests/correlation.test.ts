// Grafana's links from a metric to its trace, from a trace to its lines, and back, find what the service writes.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { dashboards, dataSources } from '@products/monitoring';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ServingProcess, startOnSamples, traceIdOf } from './backend.js';
import { readDataSources } from './data-sources.js';
import { documents, readFromRepository } from './documents.js';
import { eventually } from './eventually.js';
import { takeApart } from './logql-tree.js';

const repository = path.resolve(import.meta.dirname, '../../..');
const provisioned = readDataSources();
const uids = provisioned.map(({ uid }) => uid);
const ofType = (type: string) => {
  const found = provisioned.find((source) => source.type === type);
  if (found === undefined) throw new Error(`no data source ${type} in deploy/grafana/provisioning`);
  return found.jsonData ?? {};
};

let service: ServingProcess;
let traceId: string;
let fields: ReadonlySet<string>;
beforeAll(async () => {
  service = await startOnSamples({ SLOW_ENDPOINT_DELAY: '0' });
  for (const target of ['/products/1', '/products/x', '/error', '/slow']) await service.fetch(target);
  traceId = traceIdOf(await service.fetch('/products'));
  await eventually(() => expect(service.lines.filter((line) => line['trace_id'] === traceId).length).toBe(4));
  fields = new Set(service.lines.flatMap((line) => Object.keys(line)));
});
afterAll(async () => {
  await service.stop();
});

describe('data sources', () => {
  it('are those that the dashboards name', () => {
    const named = Object.values(dataSources).map(({ type, uid }) => ({ type, uid }));
    expect(provisioned.map(({ type, uid }) => ({ type, uid }))).toEqual(expect.arrayContaining(named));
    const files = readdirSync(path.join(repository, 'deploy/grafana/dashboards'));
    const referenced = files.flatMap((name) => {
      const text = readFileSync(path.join(repository, 'deploy/grafana/dashboards', name), 'utf8');
      return [...text.matchAll(/"datasource": \{\s*"type": "(\w+)",\s*"uid": "([^"]+)"/g)];
    });
    expect(referenced.length).toBeGreaterThan(0);
    const unknown = referenced.filter(
      ([, type, uid]) => !provisioned.some((source) => source.type === type && source.uid === uid),
    );
    expect(unknown.map(([text]) => text)).toEqual([]);
  });
});

describe('a log line', () => {
  it('opens its trace: each derived field finds the trace id in what the service has written', () => {
    const { derivedFields = [] } = ofType('loki');
    expect(derivedFields.length).toBeGreaterThan(0);
    const line = service.rawLines.find((text) => text.includes(traceId)) ?? '';
    for (const { matcherRegex, matcherType, url, datasourceUid } of derivedFields) {
      expect(uids).toContain(datasourceUid);
      expect(url).toMatch(/\$\{__value\.raw\}/);
      const found = matcherType === 'label' ? JSON.parse(line)[matcherRegex] : new RegExp(matcherRegex).exec(line)?.[1];
      expect(found).toBe(traceId);
    }
  });
});

describe('an exemplar', () => {
  it('opens its trace: it has the label that the data source looks for', async () => {
    const { exemplarTraceIdDestinations = [] } = ofType('prometheus');
    expect(exemplarTraceIdDestinations.length).toBeGreaterThan(0);
    const response = await service.fetch('/metrics', { headers: { Accept: 'application/openmetrics-text' } });
    const exposition = await response.text();
    for (const { name, datasourceUid } of exemplarTraceIdDestinations) {
      expect(uids).toContain(datasourceUid);
      expect(exposition).toContain(`# {${name}="${traceId}"}`);
    }
  });
});

describe('LogQL', () => {
  const { datasourceUid, customQuery, query = '' } = ofType('jaeger').tracesToLogsV2 ?? {};

  it('a trace opens its lines', () => {
    expect(uids).toContain(datasourceUid);
    // By default Grafana searches the lines for the service's name in Jaeger, which differs from Loki's.
    expect(customQuery).toBe(true);
    expect(findsLineOf(traceId, traceId)).toBe(true);
    expect(
      findsLineOf(
        traceId,
        traceId.replace(/./, (digit) => (digit === '0' ? '1' : '0')),
      ),
    ).toBe(false);
  });

  it('a trace opens its lines when an old client has begun it, whose 64-bit id Jaeger shows in 16 digits', async () => {
    const shown = '89abcdef01234567';
    const response = await service.fetch('/products/1', { headers: { 'uber-trace-id': `${shown}:1:0:1` } });
    const logged = traceIdOf(response);
    expect(logged).toBe(shown.padStart(32, '0'));
    expect(findsLineOf(shown, logged)).toBe(true);
  });

  /** Whether the query that Grafana makes for a trace finds a line with this id. */
  function findsLineOf(shownTraceId: string, loggedTraceId: string): boolean {
    const [, operator, value = ''] = /trace_id\s*(=~?)\s*"([^"]*)"/.exec(query) ?? [];
    const wanted = value.replaceAll(/\$\{__trace\.traceId\}/g, shownTraceId);
    return operator === '=~' ? new RegExp(`^(?:${wanted})$`).test(loggedTraceId) : wanted === loggedTraceId;
  }

  // Alertmanager's lines have fields of their own.
  const documented = documents.flatMap((name) =>
    [...readFromRepository(name).matchAll(/`(\{service=(?!"alertmanager")[^`]+)`/g)].map(([, text]) => text),
  );
  const shown = dashboards.flatMap(({ rows }) =>
    rows.flatMap(({ panels }) => panels.flatMap((panel) => ('logql' in panel ? [panel.logql] : []))),
  );

  it.each([query, ...documented, ...shown].map(String))('%s looks at fields that lines have', (logql) => {
    const parts = takeApart(logql.replaceAll('$__auto', '1m').replaceAll(/\$\{.*?\}/g, traceId));
    expect(parts.streams).toEqual([`service="${service.lines[0]?.['service']}"`]);
    expect(parts.fields.filter((field) => !fields.has(field))).toEqual([]);
  });
});
