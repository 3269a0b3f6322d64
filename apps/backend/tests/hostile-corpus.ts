// Raw requests, as bytes in Latin-1. Everything is combined with a few others only where a combination is what hurts.

const METHODS = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'TRACE',
  'CONNECT',
  'PROPFIND',
  'get',
  'X',
];

const PATHS = [
  '/products',
  '/products/1',
  '/products/',
  '/PRODUCTS',
  '/health',
  '/slow',
  '/metrics',
  '/livez',
  '/readyz',
  '/openapi.json',
  '/docs',
  '/docs/',
  '/trpc',
  '/trpc/',
  '/trpc/products.list',
  '/trpc/products.byId',
  '/trpc/products.create',
  '/trpc/nowhere',
  '/',
  '*',
];

const IDS = [
  ...['0', '-0', '-1', '+1', '01', '1.5', '1e0', '0x1', '%31', '%20', ' 1', '1%00', '%00', '%', '%zz', '%c3%28', '%ff'],
  ...['2147483647', '2147483648', '-2147483649', '9007199254740993', '9'.repeat(400), 'NaN', 'null', 'undefined'],
  ...['..', '../1', '%2e%2e', '%2e%2e%2f1', '..%5c', '1/..', '1;x', '1?', '1?x', '1#x', "1'--", '1%20or%201=1', '{id}'],
  ...['__proto__', 'constructor', 'toString', 'true', '[]', '[object%20Object]', '\xff', '%F0%9F%98%80', '%ED%A0%80'],
];

const QUERY_VALUES = [
  ...['', '0', '-1', '1', '1000', '1001', '1.5', '1e3', '+5', '%205', '5%20', '0x5', 'x', 'null', '[]', '%00', '%'],
  ...['2147483648', '-2147483648', '-2147483649', '99999999999999999999', 'NaN', 'Infinity', '%E2%80%A8', "1'", '1;2'],
];

/** Texts of JSON bodies that are, or are not, a product. */
const BODIES = [
  ...['', ' ', '{', '}', '[]', 'null', 'true', '1', '"x"', '{}', '[{}]', 'undefined', "{'name':'x'}", '{"name":"x",}'],
  ...['\xef\xbb\xbf{}', '{"name":"\xff\xfe","price":1,"category":"x"}', '{"a":1}{"b":2}', '\0', '{"name":"x"\0}'],
  '['.repeat(20_000),
  `${'['.repeat(20_000)}${']'.repeat(20_000)}`,
  `{"name":${'['.repeat(10_000)}${']'.repeat(10_000)},"price":1,"category":"x"}`,
  `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`,
  `{"name":"${'x'.repeat(110_000)}","price":1,"category":"x"}`,
  `{${Array.from({ length: 5_000 }, (_, index) => `"k${index}":1`).join(',')}}`,
  ...[
    '1e400',
    '-1e400',
    '1e-400',
    '-0',
    '0',
    '-1',
    '"1"',
    'null',
    'NaN',
    '[1]',
    '{}',
    '01',
    '1.',
    '.5',
    '+1',
    '0x10',
  ].map((price) => `{"name":"x","price":${price},"category":"x"}`),
  ...[
    '""',
    '" "',
    '"\\u0000"',
    '"\\ud800"',
    '"\\udc00\\ud800"',
    '"\\u2028"',
    '"\\u00a0"',
    'null',
    '1',
    '[]',
    '{}',
    'true',
  ].flatMap((text) => [`{"name":${text},"price":1,"category":"x"}`, `{"name":"x","price":1,"category":${text}}`]),
  `{"name":"${'x'.repeat(201)}","price":1,"category":"x"}`,
  `{"name":"${'x'.repeat(200)}${' '.repeat(50)}","price":1,"category":"x"}`,
  `{"name":"${'\\ud83d\\ude00'.repeat(201)}","price":1,"category":"x"}`,
  `{"name":"x","price":1,"category":"${'x'.repeat(101)}"}`,
  '{"name":"a","name":"","price":1,"category":"x"}',
  '{"__proto__":{"name":"x"},"price":1,"category":"x"}',
  '{"constructor":{"prototype":{"name":"x"}},"price":1,"category":"x"}',
  '{"name":"x","price":1,"category":"x","id":1,"created_at":"x"}',
  `{"name":"'); DROP TABLE products; --","price":1,"category":"x"}`,
];

const CONTENT_TYPES = [
  ...[
    '',
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/json;',
    '/',
  ],
  ...[
    'application/json; charset=latin1',
    'application/json; charset=utf-16',
    'application/json, text/plain',
    '\xff',
    'json',
  ],
  ...[
    'application/jsonx',
    'application/json; charset=UTF-8',
    'APPLICATION/JSON',
    'application/*',
    '*/*',
    'application/json;;',
  ],
];

const HEADERS = [
  ...[
    '00-zz',
    '00-0-0-0',
    `00-${'0'.repeat(32)}-${'0'.repeat(16)}-01`,
    `ff-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
    'x'.repeat(8_000),
  ].map((value) => `traceparent: ${value}`),
  ...['%', '%E0%A4%A', ':::', `${'a'.repeat(32)}:${'b'.repeat(16)}:0:zz`, `${'a'.repeat(40)}:1:0:1`, '0:0:0:0'].map(
    (value) => `uber-trace-id: ${value}`,
  ),
  ...['-', '0', '1', 'd', `${'a'.repeat(32)}-${'b'.repeat(16)}-x`, `${'a'.repeat(31)}-b-1`].map(
    (value) => `b3: ${value}`,
  ),
  ...[
    '%%%=,;',
    '=',
    'a=b;c=d;e',
    `a=${'x'.repeat(8_000)}`,
    Array.from({ length: 300 }, (_, index) => `k${index}=v`).join(','),
  ].map((value) => `baggage: ${value}`),
  Array.from({ length: 300 }, (_, index) => `uberctx-${index}: v`).join('\r\n'),
  Array.from({ length: 1_500 }, (_, index) => `x${index}: v`).join('\r\n'),
  `tracestate: ${'a=1,'.repeat(600)}`,
  ...['xchunked', 'gzip, chunked', 'chunked, identity', 'identity', '\x0bchunked', 'chunked;x'].map(
    (value) => `Transfer-Encoding: ${value}`,
  ),
  ...['-1', '+5', '5, 5', '0x5', '99999999999999999999', '', '5\x0b'].map((value) => `Content-Length: ${value}`),
  ...['100-continue', 'x', '100-continue, x'].map((value) => `Expect: ${value}`),
  ...['gzip', 'br', 'deflate', 'identity', 'compress', 'gzip, gzip', 'x', '__proto__'].map(
    (value) => `Content-Encoding: ${value}`,
  ),
  ...['*/*;q=x', 'application/openmetrics-text;q=2', 'text/html', ',,,', 'a/b;'.repeat(2_000)].map(
    (value) => `Accept: ${value}`,
  ),
  ...['null', 'https://x', '\xff', 'x'.repeat(5_000), '*'].map((value) => `Origin: ${value}`),
  ...[
    '__proto__: x',
    'constructor: x',
    'Upgrade: websocket',
    'Upgrade: h2c',
    'Range: bytes=0-',
    'If-Match: *',
    'If-None-Match: *',
  ],
  ...[
    'If-Modified-Since: x',
    'Cookie: \xff',
    'Cookie: __proto__=x',
    'Forwarded: for=;;=',
    'X-Forwarded-For: \x7f',
    ' x: y',
    'x y: z',
  ],
  ...[
    'X-HTTP-Method-Override: DELETE',
    'Authorization: Basic %%%',
    'Host: a',
    'Via: x',
    'TE: trailers',
    'Trailer: x',
    'Max-Forwards: 0',
  ],
];

const INPUTS = [
  ...[
    '',
    '%',
    '{',
    'null',
    '{}',
    '[]',
    '1',
    '"x"',
    '{"id":1}',
    '{"id":"1"}',
    '{"id":1.5}',
    '{"id":1e400}',
    '{"id":null}',
  ],
  ...[
    '{"id":{"$ne":1}}',
    '{"limit":0}',
    '{"limit":1001}',
    '{"limit":"3"}',
    '{"after":9e99}',
    '{"__proto__":{"limit":3}}',
  ],
  ...['{"json":{"id":1}}', '{"0":{"id":1}}', '{"id":1,"id":2}', '{"id":9007199254740993}', '['.repeat(3_000)],
];

const BATCHES = [
  ...[1, 2, 25, 26, 100, 1_000].map((size) => Array(size).fill('products.list').join(',')),
  ...[
    ',',
    ',,',
    'products.list,',
    ',products.list',
    'products.list,nowhere',
    '__proto__,constructor',
    '%2c',
    'a'.repeat(6_000),
  ],
  ','.repeat(5_000),
];

/** Two requests in what looks like one, and the like. */
const SMUGGLED = [
  'POST /products HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nX',
  'POST /products HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\nX',
  'POST /products HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n',
  'POST /products HTTP/1.1\r\nHost: x\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n',
  'GET /products HTTP/1.1\r\nHost: x\r\nX: y\r\n z\r\n\r\n',
  'GET /products HTTP/1.1\r\nHost: x\r\nX: y\rZ: a\r\n\r\n',
  'GET /products HTTP/1.1\nHost: x\n\n',
  'GET /products HTTP/1.1\r\nHost: x\r\n\0: y\r\n\r\n',
  'GET /products HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n',
  'GET /products HTTP/1.1\r\nHost: x@y:z\r\nConnection: close\r\n\r\n',
  'GET /products HTTP/1.1\r\n\r\n',
  'GET /products HTTP/0.9\r\n\r\n',
  'GET /products HTTP/2.0\r\nHost: x\r\n\r\n',
  'GET /products HTTP/1.0\r\n\r\n',
  'GET  /products HTTP/1.1\r\nHost: x\r\n\r\n',
  'GET /products\r\n\r\n',
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  '\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03',
  'GET http://x:99999/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
  'GET http://[::1/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
  'GET ftp://x/products HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
  'GET //products HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
  `GET /${'x'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`,
  `GET /products?${'x=1&'.repeat(3_000)} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
];

function request(method: string, target: string, headers: readonly string[] = [], body?: string): string {
  const length = body === undefined ? [] : [`Content-Length: ${body.length}`];
  const lines = [`${method} ${target} HTTP/1.1`, 'Host: x', 'Connection: close', ...length, ...headers];
  return `${lines.join('\r\n')}\r\n\r\n${body ?? ''}`;
}

const encodeInput = (input: string) => encodeURIComponent(input);
const json = 'Content-Type: application/json';
const product = '{"name":"x","price":1,"category":"x"}';

/** More than two thousand requests, none of them twice. */
export function hostileCorpus(): string[] {
  const corpus = [
    ...METHODS.flatMap((method) => PATHS.map((path) => request(method, path))),
    ...METHODS.flatMap((method) =>
      ['/products', '/trpc/products.create'].map((path) => request(method, path, [json], product)),
    ),
    ...IDS.flatMap((id) => [
      ...['GET', 'HEAD', 'POST', 'OPTIONS'].map((method) => request(method, `/products/${id}`)),
      request('GET', `/trpc/${id}`),
      request('GET', `/trpc/products.byId?input=${id}`),
      request('GET', `/trpc/products.byId?input=${encodeInput(`{"id":${id}}`)}`),
      request('GET', `/docs/${id}`),
      request('GET', `/${id}`),
    ]),
    ...['limit', 'after', 'LIMIT', 'limit[]', 'limit[0]', '__proto__', ''].flatMap((name) =>
      QUERY_VALUES.flatMap((value) => [
        request('GET', `/products?${name}=${value}`),
        request('GET', `/products?${name}=1&${name}=${value}`),
        request('GET', `/products?limit=3&${name}=${value}`),
      ]),
    ),
    ...BODIES.flatMap((body) => [
      request('POST', '/products', [json], body),
      request('POST', '/trpc/products.create', [json], body),
      request('POST', '/trpc/products.create?batch=1', [json], `{"0":${body}}`),
      request('POST', '/products', [json, 'Transfer-Encoding: chunked'], undefined).concat(
        `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`,
      ),
    ]),
    ...CONTENT_TYPES.flatMap((type) =>
      ['/products', '/trpc/products.create'].map((path) => request('POST', path, [`Content-Type: ${type}`], product)),
    ),
    ...HEADERS.flatMap((header) => [
      request('GET', '/products', [header]),
      request('GET', '/trpc/products.list', [header]),
      request('GET', '/nowhere', [header]),
      request('POST', '/products', [json, header], header.startsWith('Content-Length') ? undefined : product),
    ]),
    ...INPUTS.flatMap((input) =>
      ['products.list', 'products.byId', 'health.check', 'diagnostics.slow', 'nowhere', '__proto__'].flatMap((name) => [
        request('GET', `/trpc/${name}?input=${encodeInput(input)}`),
        request('GET', `/trpc/${name}?batch=1&input=${encodeInput(input)}`),
      ]),
    ),
    ...BATCHES.flatMap((names) => [
      request('GET', `/trpc/${names}?batch=1`),
      request('GET', `/trpc/${names}?batch=1&input=%7B%7D`),
      request('POST', `/trpc/${names}?batch=1`, [json], '{}'),
      request('GET', `/trpc/${names}`),
    ]),
    ...SMUGGLED,
  ];
  return [...new Set(corpus)];
}
