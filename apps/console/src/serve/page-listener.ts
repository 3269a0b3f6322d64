import { readdir, readFile } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import path from 'node:path';
import { nodeHTTPRequestHandler } from '@trpc/server/adapters/node-http';
import type { createCollector } from '../receive/collector.js';
import type { Search } from '../store/search.js';
import { answerJaeger } from './jaeger-api.js';
import type { ConsoleRouter } from './router.js';
import { guard, sendJson } from './server.js';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Nothing from elsewhere, no script and no style but the files', in no frame; the observed service is on this machine. */
const SECURITY_HEADERS = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self' http://localhost:* http://127.0.0.1:*; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
} as const;

interface PageListenerOptions {
  readonly search: Search;
  readonly collect: ReturnType<typeof createCollector>;
  readonly router: ConsoleRouter;
  /** Where the page's files are. */
  readonly folder: string;
}

/** Answers the page, what it asks, Jaeger's API and the receivers. */
export async function createPageListener(options: PageListenerOptions): Promise<RequestListener> {
  const { search, collect, router, folder } = options;
  const files = await listFiles(folder);
  return guard(async (request, response) => {
    const { method = '', url = '/' } = request;
    const [target = '/', query = ''] = url.split('?', 2);
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value);
    const take = collect(method, target);
    if (take !== undefined) return take(request, response);
    if (target.startsWith('/trpc/')) {
      return nodeHTTPRequestHandler({ req: request, res: response, router, path: target.slice('/trpc/'.length) });
    }
    if (method !== 'GET' && method !== 'HEAD') return response.writeHead(405, { Allow: 'GET, HEAD' }).end();
    if (target.startsWith('/api/')) {
      const answer = answerJaeger(search, target, new URLSearchParams(query));
      if (answer === undefined) return response.writeHead(404).end();
      return sendJson(response, answer.status, answer.body);
    }
    // Every other address is the page's own: /trace/{id}.
    const name = files.has(target) ? target : '/index.html';
    if (!files.has(name)) return sendJson(response, 404, { message: 'the page is not built: pnpm build' });
    response.setHeader('Content-Type', TYPES[path.extname(name)] ?? 'application/octet-stream');
    // The names of these files have their content's hash.
    response.setHeader(
      'Cache-Control',
      name.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
    );
    response.end(await readFile(path.join(folder, name)));
  });
}

async function listFiles(folder: string): Promise<Set<string>> {
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile());
    return new Set(files.map((file) => `/${path.relative(folder, path.join(file.parentPath, file.name))}`));
  } catch {
    return new Set();
  }
}
