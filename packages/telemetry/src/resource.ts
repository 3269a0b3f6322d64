import { randomUUID } from 'node:crypto';
import { resources } from '@opentelemetry/sdk-node';
import type { resourceAttributes } from './contract/spans.js';
import { version } from './version.js';

/** What the resource of all signals has beside what the standard variables say. */
export interface ResourceSettings {
  readonly serviceName: string;
  /** Attributes beside the service's name and those of `OTEL_RESOURCE_ATTRIBUTES`. */
  readonly tags: Readonly<Record<string, string>>;
}

/** Of this process, the same for all its signals. */
const instanceId = randomUUID();

/** The resource of this process. The SDK's default detectors would add the command line. */
export function createResource({ serviceName, tags }: ResourceSettings): resources.Resource {
  const own = {
    'service.version': version,
    'service.instance.id': instanceId,
    ...tags,
  } satisfies Partial<Record<keyof typeof resourceAttributes, string>>;
  return resources
    .defaultResource()
    .merge(resources.resourceFromAttributes(own))
    .merge(resources.detectResources({ detectors: [resources.envDetector] }))
    .merge(resources.resourceFromAttributes({ 'service.name': serviceName }));
}
