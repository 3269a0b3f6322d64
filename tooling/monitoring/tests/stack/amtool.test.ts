// Alertmanager's own check of its configuration, at the version that the compose stack runs.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { buildAmtool } from '@products/programs';
import { beforeAll, expect, it } from 'vitest';
import { alerts } from '../../src/rules/rules.js';

const deploy = path.resolve(import.meta.dirname, '../../../../deploy');
const configuration = path.join(deploy, 'alertmanager/alertmanager.yml');
const receivers = { critical: 'page', warning: 'ticket' } as const;

let program: string;
beforeAll(async () => {
  program = await buildAmtool();
}, 1_800_000);
const amtool = (...args: string[]) =>
  execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

it('is the one of the compose stack', () => {
  const [, version] =
    /image: prom\/alertmanager:v([\d.]+)@/.exec(readFileSync(path.join(deploy, 'compose.yaml'), 'utf8')) ?? [];
  expect(readFileSync(path.join(path.dirname(program), 'go.mod'), 'utf8')).toContain(
    `github.com/prometheus/alertmanager v${version} `,
  );
});

it('the configuration is valid', () => {
  expect(amtool('check-config', configuration)).toContain('SUCCESS');
});

it.each(Object.entries(alerts))('%s goes to the receiver of its severity', (alertname, { severity }) => {
  const labels = [`alertname=${alertname}`, 'job=backend', `severity=${severity}`];
  const routed = amtool('config', 'routes', 'test', `--config.file=${configuration}`, ...labels);
  expect(routed.trim()).toBe(receivers[severity]);
});
