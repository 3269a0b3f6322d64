// Preload: node --import @products/telemetry/register. Imports no code of the service, and never fails it.
import cluster from 'node:cluster';
import { readTracing } from './settings.js';
import { tracingState } from './traces/state.js';

// biome-ignore lint/style/noProcessEnv: runs before the service's configuration, which reports the problems found here.
const environment = process.env;
const { settings } = readTracing(environment);
/** Workers answer the requests, and the SDK would cost this process 16 MB. */
const isPrimaryOfWorkers = cluster.isPrimary && Number(environment['WEB_CONCURRENCY']) > 1;

if (settings.isDisabled) {
  tracingState.status = 'disabled';
} else if (!isPrimaryOfWorkers) {
  try {
    const { isTracerRegistered, startTracing } = await import('./traces/sdk.js');
    if (isTracerRegistered()) {
      tracingState.status = 'foreign';
    } else {
      tracingState.shutdown = await startTracing(settings);
      tracingState.status = 'started';
    }
    tracingState.isCallerIgnored = settings.isCallerIgnored;
  } catch (error) {
    tracingState.status = 'failed';
    tracingState.failure = error;
  }
}
