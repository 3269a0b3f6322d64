import { expect, it } from 'vitest';
import { dashboards } from '../src/dashboards/dashboards.js';
import { releases } from '../src/dashboards/releases.js';
import { renderDashboard } from '../src/dashboards/render.js';
import type { Panel } from '../src/dashboards/specification.js';
import { dataSources } from '../src/data-sources.js';

const panels = dashboards.flatMap(({ title, rows }) =>
  rows.flatMap((row) =>
    row.panels.map((panel): [string, Panel] => [`${title} / ${row.title} / ${panel.title}`, panel]),
  ),
);

it('no two panels have the same place and title', () => {
  expect(new Set(panels.map(([place]) => place)).size).toBe(panels.length);
});

it.each(panels)('%s: legends name labels that its series have', (_, panel) => {
  const queries = 'queries' in panel ? panel.queries : [];
  const unknown = queries.flatMap(({ legend, expression }) =>
    [...legend.matchAll(/\{\{(\w+)\}\}/g)].filter(([, label]) => !expression.labels.includes(String(label))),
  );
  expect(unknown).toEqual([]);
});

it.each(dashboards)('$title asks each of its queries', (dashboard) => {
  const declared = dashboard.rows.flatMap(({ panels }) =>
    panels.flatMap((panel) => {
      if ('queries' in panel) return panel.queries.map(({ expression }) => expression.promql);
      return 'logql' in panel ? [panel.logql] : [];
    }),
  );
  const rendered = JSON.parse(JSON.stringify(renderDashboard(dashboard))) as {
    panels: { targets?: { refId: string; expr?: string }[] }[];
  };
  const targets = rendered.panels.map((panel) => panel.targets ?? []);
  expect(targets.flatMap((each) => each.flatMap(({ expr }) => expr ?? []))).toEqual(declared);
  for (const each of targets) expect(new Set(each.map(({ refId }) => refId)).size).toBe(each.length);
});

it.each(dashboards)('$title shows releases, by labels that their series have', (dashboard) => {
  expect(renderDashboard(dashboard).annotations?.list).toEqual([
    expect.objectContaining({
      enable: true,
      datasource: dataSources.prometheus,
      expr: releases.expression.promql,
      textFormat: '{{version}} ({{revision}})',
    }),
  ]);
  expect(releases.expression.labels).toEqual(['version', 'revision']);
});
