import { readFileSync } from 'node:fs';
import type { AppRouter } from '@products/api-contract';
import type { Express, RequestHandler } from 'express';
import { absolutePath } from 'swagger-ui-dist';
import { describeApi } from './openapi.js';
import { serve } from './route.js';

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

/** The OpenAPI document, and a page that shows it with files of this service only. */
export function mountDocs(app: Express, router: AppRouter): void {
  const document = JSON.stringify(describeApi(router));
  serve(app, '/openapi.json', { GET: [sendText('application/json', document)] });
  serve(app, '/docs', { GET: [sendText('text/html', PAGE)] });
  serve(app, '/docs/start.js', { GET: [sendText('text/javascript', START)] });
  for (const [file, type] of [
    ['swagger-ui.css', 'text/css'],
    ['swagger-ui-bundle.js', 'text/javascript'],
    ['favicon-32x32.png', 'image/png'],
  ] as const) {
    serve(app, `/docs/${file}`, { GET: [sendFile(type, `${absolutePath()}/${file}`)] });
  }
}

function sendText(type: string, text: string): RequestHandler {
  return (_request, response) => void response.type(type).send(text);
}

function sendFile(type: string, file: string): RequestHandler {
  return (_request, response) => void response.type(type).send(readFileSync(file));
}
