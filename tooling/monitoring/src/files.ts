import { readFileSync } from 'node:fs';
import path from 'node:path';
import { stringify } from 'yaml';
import { dashboards } from './dashboards/dashboards.js';
import { renderDashboard } from './dashboards/render.js';
import { renderLogLineSchema } from './log-line-schema.js';
import { renderAlertTests } from './rules/alert-tests.js';
import { renderRecordTests } from './rules/record-tests.js';
import { ruleFiles } from './rules/rules.js';
import { renderRunbook } from './runbook.js';
import { renderTelemetryReference } from './telemetry-reference.js';

const NOTICE = '# Made by `pnpm generate` from tooling/monitoring/src.\n';

/** For the compose stack, and for the chart: Helm reads no file outside of it. */
const dashboardFolders = ['deploy/grafana/dashboards', 'deploy/helm/products/dashboards'];
const ruleFolders = ['deploy/prometheus/rules', 'deploy/helm/products/rules'];

/** Folders that hold nothing else. */
export const generatedFolders = [
  ...dashboardFolders,
  ...ruleFolders,
  'deploy/prometheus/consoles',
  'deploy/prometheus/tests',
];

const runbook = path.resolve(import.meta.dirname, '../../../docs/monitoring.md');

/** Every generated file, by its path in the repository. */
export function renderFiles(): ReadonlyMap<string, string> {
  return new Map([
    ['docs/telemetry-reference.md', renderTelemetryReference()],
    ['docs/log-line.schema.json', renderLogLineSchema()],
    ...dashboards.flatMap((dashboard) =>
      inEach(dashboardFolders, `${dashboard.uid}.json`, `${JSON.stringify(renderDashboard(dashboard), null, 2)}\n`),
    ),
    ...Object.entries(ruleFiles).flatMap(([name, groups]) => inEach(ruleFolders, name, renderYaml({ groups }))),
    ['deploy/prometheus/consoles/monitoring.html', renderRunbook(readFileSync(runbook, 'utf8'))],
    ['deploy/prometheus/tests/alerts.yml', renderTests(renderAlertTests())],
    ['deploy/prometheus/tests/records.yml', renderTests(renderRecordTests())],
  ]);
}

function inEach(folders: readonly string[], name: string, content: string): [string, string][] {
  return folders.map((folder) => [`${folder}/${name}`, content]);
}

/** What `promtool test rules` reads. */
function renderTests(tests: readonly unknown[]): string {
  const rule_files = Object.keys(ruleFiles).map((name) => `../rules/${name}`);
  return renderYaml({ rule_files, evaluation_interval: '1m', tests });
}

function renderYaml(content: unknown): string {
  return NOTICE + stringify(content, { lineWidth: 0, aliasDuplicateObjects: false });
}
