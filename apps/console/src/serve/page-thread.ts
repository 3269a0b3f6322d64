// The thread that answers the page and Jaeger's API, on a connection of its own that only reads.
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import { createCollector } from '../receive/collector.js';
import { Search } from '../store/search.js';
import type { FromPage, PageData, ToPage } from './page.js';
import { createPageListener } from './page-listener.js';
import { HOST } from './ports.js';
import { createConsoleRouter, type LiveStatus } from './router.js';
import { listen } from './server.js';

const folder = path.resolve(import.meta.dirname, '../../dist-page');
const { file, port } = workerData as PageData;
const tell = (told: FromPage) => parentPort?.postMessage(told);

/** Questions to the receiving side that it has not answered. */
const questions = new Map<number, (status: LiveStatus) => void>();
let lastAsked = 0;
parentPort?.on('message', ({ asked, status }: ToPage) => {
  questions.get(asked)?.(status);
  questions.delete(asked);
});
const describe = () =>
  new Promise<LiveStatus>((resolve) => {
    lastAsked += 1;
    questions.set(lastAsked, resolve);
    tell({ asked: lastAsked });
  });

const search = new Search(new DatabaseSync(file, { readOnly: true, timeout: 2_000 }));
const collect = createCollector({
  takeSpans: (spans) => tell({ spans }),
  takeLine: (line) => tell({ line }),
  refuse: (refused) => tell({ refused }),
});
const router = createConsoleRouter({ search, describe });
const server = await listen(await createPageListener({ search, collect, router, folder }), HOST, port);
tell({ port: (server.address() as AddressInfo).port });
