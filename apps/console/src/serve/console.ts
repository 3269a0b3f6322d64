import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import type { Line, Span } from '@products/decoders';
import { Scraper } from '../metrics/scraper.js';
import { startAgent } from '../receive/agent.js';
import { createCollector } from '../receive/collector.js';
import { readLine } from '../run/line.js';
import { Store } from '../store/store.js';
import { startPage } from './page.js';
import { HOST, type Ports } from './ports.js';
import type { LiveStatus, Observed } from './router.js';
import { createCollectorListener, listen } from './server.js';

/** Of the file; half a million spans. */
const BYTES_MAX = 1_073_741_824;
const AGE_MAX_MS = 7 * 86_400_000;
/** What could not be read, as far as it is shown. */
const REFUSED_KEPT = 20;

export interface ConsoleOptions {
  /** Where what is received is kept. */
  readonly folder: string;
  readonly ports: Ports;
  /** What the receivers listen on; the page is on the loopback in any case. */
  readonly host?: string;
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

/** Starts the receivers, the store and the page. */
export async function startConsole({ folder, ports, host = HOST, warn }: ConsoleOptions): Promise<Console> {
  const file = path.join(folder, 'console.db');
  const store = new Store({ file, bytesMax: BYTES_MAX, ageMaxMs: AGE_MAX_MS, warn });
  const scraper = new Scraper(store);
  let observed: Observed = { state: 'none' };
  const refused: string[] = [];
  let refusedCount = 0;
  const refuse = (problem: string) => {
    refusedCount += 1;
    if (refused.at(-1) === problem) return;
    refused.push(problem);
    if (refused.length > REFUSED_KEPT) refused.shift();
  };
  const takeSpans = (spans: readonly Span[]) => store.addSpans(spans);
  const takeLine = (line: Line) => store.addLine(line);

  const agents = await Promise.all(
    (['compact', 'binary'] as const).map((encoding) => {
      const options = { encoding, host, take: takeSpans, refuse };
      return startAgent({ ...options, port: ports[encoding] }).catch(() => startAgent({ ...options, port: 0 }));
    }),
  );
  const collectorListener = createCollectorListener(createCollector({ takeSpans, takeLine, refuse }), host);
  const collector = await listen(collectorListener, host, ports.collector);
  const otlp = await listen(collectorListener, host, ports.otlp);
  const servers = [collector, otlp];
  const shown = host.includes(':') ? `[${host}]` : host;
  const receivers = {
    'Jaeger agent, compact (UDP)': `${shown}:${agents[0]?.port}`,
    'Jaeger agent, binary (UDP)': `${shown}:${agents[1]?.port}`,
    'Jaeger collector (HTTP)': `http://${shown}:${portOf(collector)}/api/traces`,
    'OTLP (HTTP)': `http://${shown}:${portOf(otlp)}`,
  };
  const describe = (): LiveStatus => ({
    observed,
    losses: store.losses,
    bytes: store.bytes,
    refused,
    refusedCount,
    problems: [store.problem, scraper.problem].filter((problem) => problem !== undefined),
    receivers,
    isReady: scraper.isReady,
    version: scraper.version,
  });
  const page = await startPage({ file, port: ports.page, takeSpans, takeLine, refuse, describe });
  const taken = Object.entries({
    page: page.port,
    compact: agents[0]?.port,
    binary: agents[1]?.port,
    collector: portOf(collector),
    otlp: portOf(otlp),
  });
  for (const [name, port] of taken) {
    const wanted = ports[name as keyof Ports];
    if (wanted !== 0 && port !== wanted) warn(`port ${wanted} (${name}) is taken: ${port} is used instead`);
  }

  return {
    pageUrl: `http://localhost:${page.port}`,
    receivers,
    takeText: (text) => takeLine(readLine(text)),
    countDropped: (lines) => store.countDroppedLines(lines),
    observe: (now) => {
      observed = now;
      scraper.observe(now.state === 'up' ? now.url : undefined);
    },
    close: async () => {
      scraper.close();
      await page.close();
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
