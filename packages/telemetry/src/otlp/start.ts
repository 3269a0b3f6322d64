import type { MetricsSnapshot } from '../metrics/snapshot.js';
import type { LineExport } from './line-export.js';
import type { MetricsExport } from './metrics-export.js';
import type { SignalSettings } from './settings.js';

/** Called with the reason when something could not be sent, at most once a minute. */
type Warn = (problem: string) => void;

/** Starts to send lines over OTLP, if so configured; else nothing of OpenTelemetry's SDK for it is loaded. */
export function startLineExport({ lines, resource }: SignalSettings, warn: Warn): Promise<LineExport | undefined> {
  return start(lines, warn, async (settings) => {
    const { createLineExport } = await import('./line-export.js');
    return createLineExport(settings, resource, warn);
  });
}

/** The same for metrics. */
export function startMetricsExport(
  { metrics, resource }: SignalSettings,
  collect: () => Promise<MetricsSnapshot>,
  warn: Warn,
): Promise<MetricsExport | undefined> {
  return start(metrics, warn, async (settings) => {
    const { createMetricsExport } = await import('./metrics-export.js');
    return createMetricsExport(settings, resource, collect, warn);
  });
}

/** A failure is told, and the service goes on without. */
async function start<Settings, Started>(
  settings: Settings | undefined,
  warn: Warn,
  create: (settings: Settings) => Promise<Started>,
): Promise<Started | undefined> {
  if (settings === undefined) return undefined;
  try {
    return await create(settings);
  } catch (error) {
    // The logger of the caller may be waiting for this.
    setImmediate(warn, String(error));
    return undefined;
  }
}
