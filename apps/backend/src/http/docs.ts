import type { RequestHandler } from 'express';
// The package's main module would load the page's 1.4 MB of script into this process.
import absolutePath from 'swagger-ui-dist/absolute-path.js';
import { type Language, languages, negotiateLanguage } from './language.js';
import { describeApi } from './openapi.js';
import type { Procedure } from './procedures.js';
import { createRoute, type Route } from './routes.js';
import { send } from './send.js';

const titles: Readonly<Record<Language, string>> = { en: 'Products API', fr: 'API des produits' };

// Addresses are relative to the page's own, `/docs`, so that they hold behind a path prefix.
const renderPage = (language: Language) => `<!doctype html>
<html lang="${language}">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>${titles[language]}</title>
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
  const start = renderStart(traceUrl);
  const fileRoutes = [
    createRoute('/docs/start.js', {
      GET: [
        (_request, response) =>
          send(response.setHeader('Cache-Control', CACHE_CONTROL), 'text/javascript; charset=utf-8', start),
      ],
    }),
    ...['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png'].map(createSwaggerRoute),
  ];
  const describe = describeApi(procedures, publicUrl);
  return [
    createRoute('/openapi.json', {
      GET: [sendInLanguage('application/json; charset=utf-8', (language) => JSON.stringify(describe(language)))],
    }),
    createRoute('/docs', { GET: [sendInLanguage('text/html; charset=utf-8', renderPage)] }),
    ...fileRoutes,
  ];
}

function sendInLanguage(contentType: string, render: (language: Language) => string): RequestHandler {
  const bodies = new Map(languages.map((language) => [language, Buffer.from(render(language))]));
  return (request, response) => {
    const body = bodies.get(negotiateLanguage(request, response)) ?? Buffer.alloc(0);
    send(response.setHeader('Cache-Control', CACHE_CONTROL), contentType, body);
  };
}

/** Without `validatorUrl: null`, the page would send the document's address to a public validator. */
function renderStart(traceUrl: string | undefined): string {
  return `const traceUrl = ${JSON.stringify(traceUrl ?? null)};
const traceLabel = document.documentElement.lang === 'fr' ? 'Trace\\u{a0}: ' : 'Trace: ';
// Below each answer: its trace, and a link to it.
const ShowTrace = () => ({
  wrapComponents: {
    liveResponse: (Original, { React }) => (props) => {
      const traceId = props.response?.getIn(['headers', 'traceresponse'])?.split('-')[1];
      const link = traceId && traceUrl && React.createElement('a', {
        href: traceUrl.replaceAll('{trace_id}', traceId), target: '_blank', rel: 'noopener', className: 'trace-link',
      }, traceId);
      const shown = link && React.createElement('p', { style: { margin: '12px 0 20px' } }, traceLabel, link);
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

/** A file of Swagger UI, read as its client takes it: kept, the files would take 1.9 MB of each process. */
function createSwaggerRoute(name: string): Route {
  const options = {
    root: absolutePath(),
    headers: { 'Cache-Control': CACHE_CONTROL },
    cacheControl: false,
    etag: false,
    lastModified: false,
    acceptRanges: false,
  };
  return createRoute(`/docs/${name}`, { GET: [(_request, response) => response.sendFile(name, options)] });
}
