import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { Scraper } from '../metrics/scraper.js';
import { startAgent } from '../receive/agent.js';
import { createCollector } from '../receive/collector.js';
import { readLine } from '../run/line.js';
import { Search } from '../store/search.js';
import { Store } from '../store/store.js';
import type { Ports } from './ports.js';
import { createConsoleRouter, type Observed } from './router.js';
import { createCollectorListener, createPageListener, listen } from './server.js';

const HOST = '127.0.0.1';
/** Of the file; half a million spans. */
const BYTES_MAX = 1_073_741_824;
const AGE_MAX_MS = 7 * 86_400_000;
/** What could not be read, as far as it is shown. */
const REFUSED_KEPT = 20;

const pageFolder = path.resolve(import.meta.dirname, '../../dist-page');

export interface ConsoleOptions {
  /** Where what is received is kept. */
  readonly folder: string;
  readonly ports: Ports;
  /** Told what a person should know. */
  readonly warn: (problem: string) => void;
}

/** A running console. */
export interface Console {
  readonly pageUrl: string;
  readonly receivers: Readonly<Record<string, string>>;
  /** A line of the observed service's stdout, as it was written. */
  takeText(text: string): void;
  /** Lines that did not come through to {@link takeText}. */
  countDropped(lines: number): void;
  observe(observed: Observed): void;
  close(): Promise<void>;
}

/** Starts the receivers, the store and the page, on loopback alone. */
export async function startConsole({ folder, ports, warn }: ConsoleOptions): Promise<Console> {
  const store = new Store({ file: path.join(folder, 'console.db'), bytesMax: BYTES_MAX, ageMaxMs: AGE_MAX_MS, warn });
  const search = new Search(store.database);
  const scraper = new Scraper(store, search);
  let observed: Observed = { state: 'none' };
  const refused: string[] = [];
  let refusedCount = 0;
  const refuse = (problem: string) => {
    refusedCount += 1;
    if (refused.at(-1) === problem) return;
    refused.push(problem);
    if (refused.length > REFUSED_KEPT) refused.shift();
  };
  const take = (spans: Parameters<Store['addSpans']>[0]) => store.addSpans(spans);

  const agents = await Promise.all(
    (['compact', 'binary'] as const).map((encoding) => {
      const options = { encoding, host: HOST, take, refuse };
      return startAgent({ ...options, port: ports[encoding] }).catch(() => startAgent({ ...options, port: 0 }));
    }),
  );
  const collect = createCollector({ takeSpans: take, takeLine: (line) => store.addLine(line), refuse });
  const receivers: Record<string, string> = {};
  const router = createConsoleRouter({
    search,
    store,
    scraper,
    describe: () => ({ observed, refused, refusedCount, receivers }),
  });
  const collectorListener = createCollectorListener(collect);
  const page = await listen(
    await createPageListener({ search, collect, router, folder: pageFolder }),
    HOST,
    ports.page,
  );
  const collector = await listen(collectorListener, HOST, ports.collector);
  const otlp = await listen(collectorListener, HOST, ports.otlp);
  const servers = [page, collector, otlp];
  Object.assign(receivers, {
    'Jaeger agent, compact (UDP)': `${HOST}:${agents[0]?.port}`,
    'Jaeger agent, binary (UDP)': `${HOST}:${agents[1]?.port}`,
    'Jaeger collector (HTTP)': `http://${HOST}:${portOf(collector)}/api/traces`,
    'OTLP (HTTP)': `http://${HOST}:${portOf(otlp)}`,
  });

  return {
    pageUrl: `http://localhost:${portOf(page)}`,
    receivers,
    takeText: (text) => store.addLine(readLine(text)),
    countDropped: (lines) => store.countDroppedLines(lines),
    observe: (now) => {
      observed = now;
      scraper.observe(now.state === 'up' ? now.url : undefined);
    },
    close: async () => {
      scraper.close();
      for (const server of servers) {
        server.close();
        server.closeAllConnections();
      }
      await Promise.all(agents.map((agent) => agent.close()));
      store.close();
    },
  };
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}
