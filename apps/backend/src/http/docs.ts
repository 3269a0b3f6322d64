import { readFileSync } from 'node:fs';
import type { RequestHandler } from 'express';
// The package's main module would load the page's 1.4 MB of script into this process.
import absolutePath from 'swagger-ui-dist/absolute-path.js';
import { languages } from './api-description.js';
import { describeApi } from './openapi.js';
import type { Procedure } from './procedures.js';
import { createRoute, type Route } from './routes.js';
import { send } from './send.js';

// Addresses are relative to the page's own, `/docs`, so that they hold behind a path prefix.
const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Products API</title>
    <link rel="icon" href="docs/favicon-32x32.png">
    <link rel="stylesheet" href="docs/swagger-ui.css">
  </head>
  <body>
    <div id="swagger-ui"></div>
    <script src="docs/swagger-ui-bundle.js"></script>
    <script src="docs/start.js"></script>
  </body>
</html>
`;

/** These files change with a release only. */
const CACHE_CONTROL = 'public, max-age=300';

/**
 * The OpenAPI document, and a page that shows it with files of this service only.
 *
 * @param traceUrl a template with `{trace_id}`: the page links the trace of each answer that it has been given
 */
export function docsRoutes(
  procedures: readonly Procedure[],
  publicUrl: string | undefined,
  traceUrl: string | undefined,
): Route[] {
  const files = {
    '/docs': ['text/html; charset=utf-8', Buffer.from(PAGE)],
    '/docs/start.js': ['text/javascript; charset=utf-8', Buffer.from(renderStart(traceUrl))],
    '/docs/swagger-ui.css': ['text/css; charset=utf-8', readSwaggerFile('swagger-ui.css')],
    '/docs/swagger-ui-bundle.js': ['text/javascript; charset=utf-8', readSwaggerFile('swagger-ui-bundle.js')],
    '/docs/favicon-32x32.png': ['image/png', readSwaggerFile('favicon-32x32.png')],
  } as const;
  const fileRoutes = Object.entries(files).map(([path, [contentType, body]]) =>
    createRoute(path, {
      GET: [(_request, response) => send(response.setHeader('Cache-Control', CACHE_CONTROL), contentType, body)],
    }),
  );
  return [createRoute('/openapi.json', { GET: [sendDocument(procedures, publicUrl)] }), ...fileRoutes];
}

function sendDocument(procedures: readonly Procedure[], publicUrl: string | undefined): RequestHandler {
  const describe = describeApi(procedures, publicUrl);
  const documents = new Map<string, Buffer>(
    languages.map((language) => [language, Buffer.from(JSON.stringify(describe(language)))]),
  );
  return (request, response) => {
    const language = request.acceptsLanguages([...languages]) || languages[0];
    response.setHeader('Cache-Control', CACHE_CONTROL);
    response.setHeader('Content-Language', language);
    response.vary('Accept-Language');
    send(response, 'application/json; charset=utf-8', documents.get(language) ?? Buffer.alloc(0));
  };
}

/** Without `validatorUrl: null`, the page would send the document's address to a public validator. */
function renderStart(traceUrl: string | undefined): string {
  return `const traceUrl = ${JSON.stringify(traceUrl ?? null)};
// Below each answer: its trace, and a link to it.
const ShowTrace = () => ({
  wrapComponents: {
    liveResponse: (Original, { React }) => (props) => {
      const traceId = props.response?.getIn(['headers', 'traceresponse'])?.split('-')[1];
      const link = traceId && traceUrl && React.createElement('a', {
        href: traceUrl.replaceAll('{trace_id}', traceId), target: '_blank', rel: 'noopener', className: 'trace-link',
      }, traceId);
      const shown = link && React.createElement('p', { style: { margin: '12px 0 20px' } }, 'Trace: ', link);
      return React.createElement('div', null, React.createElement(Original, props), shown);
    },
  },
});
SwaggerUIBundle({
  url: 'openapi.json', dom_id: '#swagger-ui', validatorUrl: null, deepLinking: true,
  plugins: traceUrl === null ? [] : [ShowTrace],
});
`;
}

function readSwaggerFile(name: string): Buffer {
  return readFileSync(`${absolutePath()}/${name}`);
}
