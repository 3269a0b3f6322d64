import type { Alert } from './alert.js';
import { type Scenario, scenarios } from './alert-scenarios.js';
import { type AlertName, alerts, annotationsOf } from './rules.js';

/** For promtool: each alert fires, and clears. */
export function renderAlertTests() {
  return Object.entries(scenarios).map(([name, scenario]) => ({
    interval: scenario.interval ?? '1m',
    name,
    input_series: Object.entries(scenario.series).map(([series, values]) => ({ series, values })),
    alert_rule_test: [
      { eval_time: scenario.firesAt, alertname: name, exp_alerts: [expectAlert(name as AlertName, scenario)] },
      { eval_time: scenario.clearsAt, alertname: name, exp_alerts: [] },
    ],
  }));
}

function expectAlert(name: AlertName, { labels, value = '' }: Scenario) {
  const alert: Alert = alerts[name];
  const annotations = Object.entries(annotationsOf(name, alert)).map(([key, template]) => [
    key,
    template
      .replaceAll(/\{\{ \$labels\.(\w+) \}\}/g, (_, label: string) => labels[label] ?? '')
      .replaceAll(/\{\{ \$value[^}]*\}\}/g, value),
  ]);
  return {
    exp_labels: { ...labels, severity: alert.severity },
    exp_annotations: Object.fromEntries(annotations),
  };
}
