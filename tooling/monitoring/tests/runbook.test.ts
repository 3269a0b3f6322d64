import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { alerts, annotationsOf } from '../src/rules/rules.js';
import { excludedPaths } from '../src/slo.js';

const repository = path.resolve(import.meta.dirname, '../../..');
const runbook = readFileSync(path.join(repository, 'docs/monitoring.md'), 'utf8');
const headings = [...runbook.matchAll(/^### (.+)$/gm)].map(([, heading]) => String(heading));

it('docs/monitoring.md has a section for every alert, and for no other', () => {
  expect(headings).toEqual(Object.keys(alerts));
});

it.each(Object.entries(alerts))(
  '%s links to its section, which says how bad it is and after what time',
  (name, alert) => {
    const [file, anchor] = annotationsOf(name, alert)['runbook_url']?.split('#') ?? [];
    expect(file).toBe('docs/monitoring.md');
    expect(headings.map((heading) => heading.toLowerCase())).toContain(anchor);
    const [section = ''] = runbook.split(`### ${name}\n`)[1]?.split('\n##') ?? [];
    const when = alert.for === '0m' ? 'at once' : `after ${alert.for}`;
    expect(section.trim().split('\n')[0]).toBe(`_${alert.severity}, ${when}_`);
  },
);

it('docs/monitoring.md names what the objectives leave out', () => {
  expect(excludedPaths.filter((excluded) => !runbook.includes(`\`${excluded}\``))).toEqual([]);
});
