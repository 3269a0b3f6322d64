// A service with several workers, and clients that any of them may get.
import { Agent, request as httpRequest } from 'node:http';
import { expect } from 'vitest';
import { type ServingProcess, startOnSamples } from './backend.js';
import { eventually } from './eventually.js';

export async function startWithWorkers(
  workers: number,
  environment: Record<string, string> = {},
): Promise<ServingProcess> {
  const service = await startOnSamples({
    WEB_CONCURRENCY: String(workers),
    SLOW_ENDPOINT_DELAY: '0.5',
    ...environment,
  });
  // Their lines come by the primary process, and may come after its own.
  await eventually(() => expect(startedPids(service)).toHaveLength(workers));
  return service;
}

/** The process ids in the lines that begin with this message. */
export const pidsOf = ({ lines }: ServingProcess, message: string) =>
  lines.filter((line) => line.message.startsWith(message)).map((line) => Number(line['pid']));

/** The workers so far, those that have ended too. */
export const startedPids = (service: ServingProcess) => pidsOf(service, 'Processus de travail démarré');

/** A request on a new connection, which any worker may get, or on one that the agent keeps. */
export function ask(
  { url }: ServingProcess,
  path: string,
  agent: Agent | false = false,
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(`${url}${path}`, { agent: agent || new Agent() }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        body += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
      response.on('error', reject);
    });
    request.on('error', reject).end();
  });
}

/** How many `GET /products` a scrape counts. */
export const readTotal = (scrape: string) =>
  Number(/^http_requests_total\{method="GET",path="\/products",status="200"\} (\d+)$/m.exec(scrape)?.[1] ?? 0);

/** Waits until a scrape counts this many; a busy worker reports a second late. */
export function countedInAll(service: ServingProcess, total: number): Promise<void> {
  return eventually(async () => expect(readTotal((await ask(service, '/metrics')).body)).toBe(total));
}
