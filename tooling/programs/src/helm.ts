import path from 'node:path';
import { buildGo } from './go.js';

const VERSION = 'v4.3.1';

/** The program, which Debian does not have; the first time it is built, which takes minutes. */
export async function buildHelm(): Promise<string> {
  const folder = await buildGo('helm', [{ package: 'helm.sh/helm/v4/cmd/helm', version: VERSION }]);
  return path.join(folder, 'helm');
}
