// Prometheus's own check of the generated rules: by Debian's package `prometheus`, which is version 2, and by version 3.
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { buildPrometheus } from '@products/programs';
import { beforeAll, describe, expect, it } from 'vitest';
import { scenarios } from '../../src/rules/alert-scenarios.js';
import { flaskNames } from '../../src/rules/flask-names.js';
import { alerts, recordings, ruleFiles } from '../../src/rules/rules.js';

const folder = path.resolve(import.meta.dirname, '../../../../deploy/prometheus');
let newer: string;
beforeAll(async () => {
  ({ promtool: newer } = await buildPrometheus());
}, 1_800_000);

describe.each(['2', '3'])('with Prometheus %s', (major) => {
  const promtool = (...args: string[]) =>
    execFileSync(major === '3' ? newer : 'promtool', args, { cwd: folder, encoding: 'utf8' });

  it('the configuration is valid, and loads the rules', () => {
    const output = promtool('check', 'config', 'prometheus.yml');
    expect(output).toContain('SUCCESS');
    expect(output).toContain(`${Object.keys(ruleFiles).length} rule files found`);
  });

  it('every rule is valid, and none is there twice', () => {
    const output = promtool('check', 'rules', '--lint-fatal', ...Object.keys(ruleFiles).map((name) => `rules/${name}`));
    const found = [...output.matchAll(/SUCCESS: (\d+) rules found/g)].map(([, count]) => Number(count));
    expect(found.reduce((sum, count) => sum + count, 0)).toBe(
      Object.keys(alerts).length + recordings.length + flaskNames.length,
    );
  });

  it(`each of ${Object.keys(scenarios).length} alerts fires, and clears`, () => {
    expect(promtool('test', 'rules', 'tests/alerts.yml')).toContain('SUCCESS');
  });

  it('the error ratio is right also where a side of it has no series', () => {
    expect(promtool('test', 'rules', 'tests/records.yml')).toContain('SUCCESS');
  });
});
