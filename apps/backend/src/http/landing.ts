import { currentTrace, version } from '@products/telemetry';
import type { Request, Response } from 'express';
import { type Language, negotiateLanguage } from './language.js';
import { createRoute, type Route } from './routes.js';
import { send, sendJson } from './send.js';

export interface LandingOptions {
  /** Undefined: links are under the root of whatever the client called. */
  readonly publicUrl: string | undefined;
  /** A template with `{trace_id}`. */
  readonly traceUrl: string | undefined;
  /** Of the source; `unknown` when nobody has told. */
  readonly revision: string;
}

const UNKNOWN = 'unknown';

/** Three bars of a trace, 32 pixels wide, as PNG. */
const ICON = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAACAAAAAgAgMAAAAOFJJnAAAADFBMVEUAAAAdTtiLa+CwdBrz2FeqAAAAAXRSTlMAQObYZgAAACRJREFUeNpjYCACsIaCQQBpDHyAaRUQkMzAB5j///9AOoMgAACLhS+Voc6egwAAAABJRU5ErkJggg==',
  'base64',
);

/** A host and port as clients write it; anything else is not repeated. */
const HOST = /^[\w.-]+(?::\d+)?$|^\[[\da-fA-F:.]+\](?::\d+)?$/;

const texts: Readonly<
  Record<Language, Readonly<Record<Exclude<keyof Links, 'products'> | 'title' | 'try' | 'this', string>>>
> = {
  en: {
    title: 'Products over REST and tRPC',
    docs: 'API documentation',
    openapi: 'OpenAPI document',
    health: 'Health',
    metrics: 'Metrics',
    traces: 'Traces',
    try: 'Try it',
    this: 'Trace of this page',
  },
  fr: {
    title: 'Des produits en REST et tRPC',
    docs: 'Documentation de l’API',
    openapi: 'Document OpenAPI',
    health: 'Santé',
    metrics: 'Métriques',
    traces: 'Traces',
    try: 'Essayer',
    this: 'Trace de cette page',
  },
};

interface Links {
  readonly products: string;
  readonly docs: string;
  readonly openapi: string;
  readonly health: string;
  readonly metrics: string;
  /** Where traces are shown, if that is known. */
  readonly traces?: string;
}

/** The service's own address: what it is and where to go on, as a page for browsers and as JSON for everybody else. */
export function landingRoutes({ publicUrl, traceUrl, revision }: LandingOptions): Route[] {
  const base = publicUrl ?? '';
  const links: Links = {
    products: `${base}/products`,
    docs: `${base}/docs`,
    openapi: `${base}/openapi.json`,
    health: `${base}/health`,
    metrics: `${base}/metrics`,
    ...(traceUrl !== undefined && { traces: `${new URL(traceUrl).origin}/` }),
  };
  const about = { service: 'backend', version, ...(revision !== UNKNOWN && { revision }), links };

  const answer = (request: Request, response: Response) => {
    const example = `curl -i ${publicUrl ?? originOf(request)}/products/1`;
    response.vary('Accept');
    if (request.accepts(['json', 'html']) !== 'html') return sendJson(response, { ...about, example });
    const language = negotiateLanguage(request, response);
    const traceId = currentTrace()?.trace_id;
    const trace =
      traceUrl === undefined || traceId === undefined ? undefined : traceUrl.replaceAll('{trace_id}', traceId);
    send(response, 'text/html; charset=utf-8', renderPage({ language, revision, links, example, trace }));
  };
  const icon = (_request: Request, response: Response) =>
    send(response.setHeader('Cache-Control', 'public, max-age=86400'), 'image/png', ICON);
  return [createRoute('/', { GET: [answer] }), createRoute('/favicon.ico', { GET: [icon] })];
}

function originOf({ protocol, headers: { host = '' } }: Request): string {
  return HOST.test(host) ? `${protocol}://${host}` : 'http://localhost:5000';
}

function renderPage({
  language,
  revision,
  links,
  example,
  trace,
}: {
  language: Language;
  revision: string;
  links: Links;
  example: string;
  trace: string | undefined;
}): string {
  const text = texts[language];
  const { products, ...others } = links;
  const release = revision === UNKNOWN ? version : `${version} (${revision})`;
  const items = Object.entries(others).map(
    ([name, url]) => `<li>${link(url, text[name as keyof typeof others])}<span>${escapeHtml(url)}</span></li>`,
  );
  return `<!doctype html>
<html lang="${language}">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>backend ${escapeHtml(version)}</title>
    <link rel="icon" href="${escapeHtml(products.replace(/products$/, 'favicon.ico'))}">
    <style>${STYLE}</style>
  </head>
  <body>
    <main>
      <h1>backend <small>${escapeHtml(release)}</small></h1>
      <p>${text.title}</p>
      <ul>
        ${items.join('\n        ')}
      </ul>
      <h2>${text.try}</h2>
      <pre><code>${escapeHtml(example)}</code></pre>
      ${trace === undefined ? '' : `<p>${link(trace, text.this)}</p>`}
    </main>
  </body>
</html>
`;
}

const link = (url: string, text = '') => `<a href="${escapeHtml(url)}">${escapeHtml(text)}</a>`;

function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

const STYLE = `
      :root { color-scheme: light dark; --page: #f6f7f9; --panel: #fff; --text: #14181f; --muted: #545e6c; --accent: #1a56c4; --line: #dfe3e9; }
      @media (prefers-color-scheme: dark) {
        :root { --page: #0e1116; --panel: #151920; --text: #e7ebf1; --muted: #9da8b7; --accent: #82b1ff; --line: #2b323c; }
      }
      body { margin: 0; background: var(--page); color: var(--text); font: 16px/24px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
      main { max-width: 640px; margin: 0 auto; padding: 48px 16px; }
      h1 { margin: 0; font-size: 28px; line-height: 36px; }
      h1 small { color: var(--muted); font-size: 16px; font-weight: 400; }
      h2 { margin: 32px 0 8px; font-size: 16px; line-height: 24px; }
      ul { margin: 24px 0 0; padding: 0; list-style: none; border-top: 1px solid var(--line); }
      li { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 16px; padding: 8px 0; border-bottom: 1px solid var(--line); }
      li span { color: var(--muted); overflow-wrap: anywhere; }
      a { color: var(--accent); }
      a:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
      pre { margin: 0; padding: 12px 16px; overflow-x: auto; background: var(--panel); border: 1px solid var(--line); border-radius: 6px; }
      code { font: 14px/20px ui-monospace, "SF Mono", Consolas, "DejaVu Sans Mono", monospace; }
    `;
