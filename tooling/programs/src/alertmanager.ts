import path from 'node:path';
import { buildGo } from './go.js';

/** As the compose stack runs it. */
const VERSION = 'v0.34.1';

/** The check of Alertmanager's configuration. Alertmanager itself does not build this way: its module is without its pages. */
export async function buildAmtool(): Promise<string> {
  const folder = await buildGo('amtool', [
    { package: 'github.com/prometheus/alertmanager/cmd/amtool', version: VERSION },
  ]);
  return path.join(folder, 'amtool');
}
