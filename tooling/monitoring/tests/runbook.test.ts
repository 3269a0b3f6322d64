import { readFileSync } from 'node:fs';
import path from 'node:path';
import GithubSlugger from 'github-slugger';
import { expect, it } from 'vitest';
import { dashboards } from '../src/dashboards/dashboards.js';
import { renderDashboard } from '../src/dashboards/render.js';
import { alerts, annotationsOf } from '../src/rules/rules.js';
import { RUNBOOK_URL, renderRunbook } from '../src/runbook.js';
import { excludedPaths } from '../src/slo.js';

const repository = path.resolve(import.meta.dirname, '../../..');
const runbook = readFileSync(path.join(repository, 'docs/monitoring.md'), 'utf8');
/** Every heading's anchor, as GitHub makes them. */
const slugger = new GithubSlugger();
const anchors = new Map(
  [...runbook.matchAll(/^#+ (.+)$/gm)].map(([, heading]) => [slugger.slug(String(heading)), String(heading)]),
);
const headings = [...runbook.matchAll(/^### (.+)$/gm)].map(([, heading]) => String(heading));

it('docs/monitoring.md has a section for every alert, and for no other', () => {
  expect(headings).toEqual(Object.keys(alerts));
});

it.each(Object.entries(alerts))(
  '%s links to its section, which says how bad it is and after what time',
  (name, alert) => {
    const [page, anchor] = annotationsOf(name, alert)['runbook_url']?.split('#') ?? [];
    expect(page).toBe(RUNBOOK_URL);
    expect(anchors.get(String(anchor))).toBe(name);
    const [section = ''] = runbook.split(`### ${name}\n`)[1]?.split('\n##') ?? [];
    const when = alert.for === '0m' ? 'at once' : `after ${alert.for}`;
    expect(section.trim().split('\n')[0]).toBe(`_${alert.severity}, ${when}_`);
  },
);

it('docs/monitoring.md names what the objectives leave out', () => {
  expect(excludedPaths.filter((excluded) => !runbook.includes(`\`${excluded}\``))).toEqual([]);
});

// That it has the same sections and says the same: apps/backend/tests/translations.test.ts.
const frenchRunbook = readFileSync(path.join(repository, 'docs/fr/monitoring.md'), 'utf8');

it.each(Object.entries(alerts))('docs/fr/monitoring.md says how bad %s is and after what time', (name, alert) => {
  const when = alert.for === '0m' ? 'aussitôt' : `après ${alert.for}`;
  const [section = ''] = frenchRunbook.split(`### ${name}\n`)[1]?.split('\n##') ?? [];
  expect(section.trim().split('\n')[0]).toBe(`_${alert.severity}, ${when}_`);
});

it.each([
  ['docs/monitoring.md', runbook],
  ['docs/fr/monitoring.md', frenchRunbook],
])('%s names dashboards, panels and annotations as Grafana shows them', (_, page) => {
  const shown = JSON.stringify(dashboards.map(renderDashboard));
  const named = [...page.matchAll(/(?<![\w`])_([A-Z][^_`]+)_(?!\w)/g)].map(([, name]) => String(name));
  expect(named).toContain('Products: requests');
  expect(
    named.filter((name) => !['title', 'name'].some((key) => shown.includes(`"${key}":${JSON.stringify(name)}`))),
  ).toEqual([]);
});

it('the page that Prometheus serves has every line of docs/monitoring.md, every anchor, and no action of a template', () => {
  const page = renderRunbook(runbook);
  expect([...page.matchAll(/<b id="([^"]+)">/g)].map(([, anchor]) => anchor)).toEqual([...anchors.keys()]);
  expect(renderRunbook('## {{ a }} & <b>')).toContain('<b id="-a---b">## &#123;&#123; a }} &amp; &lt;b></b>');
  const text = page
    .replaceAll(/<\/?b[^>]*>/g, '')
    .replaceAll('&lt;', '<')
    .replaceAll('&#123;', '{')
    .replaceAll('&amp;', '&');
  expect(text).toContain(runbook);
});
