// A frontend as the Flask service had them: traced by jaeger-client, which calls the service inside a span of its own.
// node jaeger-client-frontend.cjs <url of the service> <port of a Jaeger agent>
const http = require('node:http');
const { initTracer, opentracing } = require('jaeger-client');

const [, , url, agentPort] = process.argv;
const tracer = initTracer(
  {
    serviceName: 'frontend',
    sampler: { type: 'const', param: 1 },
    reporter: { agentHost: '127.0.0.1', agentPort: Number(agentPort) },
  },
  {},
);

const span = tracer.startSpan('load products');
span.setBaggageItem('customer', 'Zoé');
const headers = {};
tracer.inject(span, opentracing.FORMAT_HTTP_HEADERS, headers);
http.get(`${url}/products`, { headers }, (response) => {
  response.resume();
  response.on('end', () => {
    span.finish();
    process.stdout.write(JSON.stringify({ status: response.statusCode, headers }));
    tracer.close();
  });
});
