// The process that asks. Its own CPU time is nobody's concern.
import { once } from 'node:events';
import autocannon from 'autocannon';
import type { Load } from './load.js';

const [load] = (await once(process, 'message')) as [Load];
const result = await autocannon({
  url: load.url,
  method: load.method,
  ...(load.body === undefined ? {} : { body: load.body, headers: { 'Content-Type': 'application/json' } }),
  connections: load.connections,
  amount: load.requests,
  timeout: 60,
});
process.send?.({
  requests: result.requests.total,
  seconds: (result.finish.getTime() - result.start.getTime()) / 1_000,
  p50Ms: result.latency.p50,
  p99Ms: result.latency.p99,
  failures: result.non2xx + result.errors === 0 ? '' : `${result.non2xx} not 2xx, ${result.errors} errors`,
});
process.disconnect();
