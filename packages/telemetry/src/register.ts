// Preload: node --import @products/telemetry/register. Imports no code of the service, and never fails it.
import { parseEnvironment } from '@products/environment';
import { telemetryEnvironment } from './environment.js';
import { tracingState } from './traces/state.js';

// biome-ignore lint/style/noProcessEnv: runs before the service's configuration, which reports the problems found here.
const { values } = parseEnvironment(telemetryEnvironment, process.env);

if (values.OTEL_SDK_DISABLED) {
  tracingState.status = 'disabled';
} else {
  try {
    const { startTracing } = await import('./traces/sdk.js');
    tracingState.shutdown = await startTracing(values);
    tracingState.isCallerIgnored = values.TRACE_CONTEXT === 'ignore';
    tracingState.status = 'started';
  } catch (error) {
    tracingState.status = 'failed';
    tracingState.failure = error;
  }
}
