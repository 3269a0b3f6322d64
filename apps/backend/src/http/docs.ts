import { readFileSync } from 'node:fs';
// The package's main module would load the page's 1.4 MB of script into this process.
import absolutePath from 'swagger-ui-dist/absolute-path.js';
import { describeApi } from './openapi.js';
import type { Procedure } from './procedures.js';
import { createRoute, type Route } from './routes.js';
import { send } from './send.js';

const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Products API</title>
    <link rel="icon" href="/docs/favicon-32x32.png">
    <link rel="stylesheet" href="/docs/swagger-ui.css">
  </head>
  <body>
    <div id="swagger-ui"></div>
    <script src="/docs/swagger-ui-bundle.js"></script>
    <script src="/docs/start.js"></script>
  </body>
</html>
`;

// Without validatorUrl: null, the page would send the document's address to a public validator.
const START = `SwaggerUIBundle({ url: '/openapi.json', dom_id: '#swagger-ui', validatorUrl: null, deepLinking: true });
`;

/** These files change with a release only. */
const CACHE_CONTROL = 'public, max-age=300';

/** The OpenAPI document, and a page that shows it with files of this service only. */
export function docsRoutes(procedures: readonly Procedure[]): Route[] {
  const files = {
    '/openapi.json': ['application/json; charset=utf-8', Buffer.from(JSON.stringify(describeApi(procedures)))],
    '/docs': ['text/html; charset=utf-8', Buffer.from(PAGE)],
    '/docs/start.js': ['text/javascript; charset=utf-8', Buffer.from(START)],
    '/docs/swagger-ui.css': ['text/css; charset=utf-8', readSwaggerFile('swagger-ui.css')],
    '/docs/swagger-ui-bundle.js': ['text/javascript; charset=utf-8', readSwaggerFile('swagger-ui-bundle.js')],
    '/docs/favicon-32x32.png': ['image/png', readSwaggerFile('favicon-32x32.png')],
  } as const;
  return Object.entries(files).map(([path, [contentType, body]]) =>
    createRoute(path, {
      GET: [(_request, response) => send(response.setHeader('Cache-Control', CACHE_CONTROL), contentType, body)],
    }),
  );
}

function readSwaggerFile(name: string): Buffer {
  return readFileSync(`${absolutePath()}/${name}`);
}
