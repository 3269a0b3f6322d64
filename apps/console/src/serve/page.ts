import { once } from 'node:events';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Line, Span } from '@products/decoders';
import type { LiveStatus } from './router.js';

const program = path.resolve(import.meta.dirname, '../../dist/serve/page-thread.js');

/** What the thread is started with. */
export interface PageData {
  /** The store's file. */
  readonly file: string;
  /** Any free one where it is taken, as for 0. */
  readonly port: number;
}

/** What the thread tells: its port at first, then what came to it, and what it wants to know. */
export type FromPage =
  | { readonly port: number }
  | { readonly spans: Span[] }
  | { readonly line: Line }
  | { readonly refused: string }
  | { readonly asked: number };

/** What it gets when it has asked. */
export interface ToPage {
  readonly asked: number;
  readonly status: LiveStatus;
}

export interface PageOptions extends PageData {
  readonly takeSpans: (spans: Span[]) => void;
  readonly takeLine: (line: Line) => void;
  readonly refuse: (problem: string) => void;
  readonly describe: () => LiveStatus;
}

export interface Page {
  readonly port: number;
  close(): Promise<void>;
}

/** Starts the page in a thread of its own: a search through a large store must not hold up what is received. */
export async function startPage({ takeSpans, takeLine, refuse, describe, ...data }: PageOptions): Promise<Page> {
  const thread = new Worker(program, { workerData: data satisfies PageData });
  const [{ port }] = (await once(thread, 'message')) as [{ port: number }];
  thread.on('message', (told: FromPage) => {
    if ('spans' in told) takeSpans(told.spans);
    else if ('line' in told) takeLine(told.line);
    else if ('refused' in told) refuse(told.refused);
    else if ('asked' in told) thread.postMessage({ asked: told.asked, status: describe() } satisfies ToPage);
  });
  return {
    port,
    close: async () => {
      await thread.terminate();
    },
  };
}
