import { type RunningProcess, run } from './backend.js';

/** A service that may open 120 files. */
export function runWithFewFiles(databaseUrl: string): RunningProcess {
  return run({ DATABASE_URL: databaseUrl, SLOW_ENDPOINT_DELAY: '20', SHUTDOWN_TIMEOUT: '0.5' }, { openFilesMax: 120 });
}
