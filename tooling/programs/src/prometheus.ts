import path from 'node:path';
import { buildGo } from './go.js';

/** Prometheus 3.16. */
const VERSION = 'v0.316.0';

/** The programs of Prometheus 3, as the compose stack runs it; the first time they are built, which takes minutes. */
export async function buildPrometheus(): Promise<{ readonly prometheus: string; readonly promtool: string }> {
  const command = 'github.com/prometheus/prometheus/cmd';
  const folder = await buildGo('prometheus', [
    { package: `${command}/promtool`, version: VERSION },
    { package: `${command}/prometheus`, version: VERSION },
  ]);
  return { prometheus: path.join(folder, 'prometheus'), promtool: path.join(folder, 'promtool') };
}
