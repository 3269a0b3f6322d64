// The client process; its CPU time is not measured.
import { once } from 'node:events';
import autocannon, { type Result } from 'autocannon';
import type { Load } from './load.js';

const [load] = (await once(process, 'message')) as [Load];
const startedAt = performance.now();
// It takes notice of the end at the next full second only.
let answeredAt = startedAt;
const { promise: done, resolve, reject } = Promise.withResolvers<Result>();
const options = {
  url: load.url,
  method: load.method,
  ...(load.body === undefined ? {} : { body: load.body, headers: { 'Content-Type': 'application/json' } }),
  connections: load.connections,
  amount: load.requests,
  timeout: 60,
};
const running = autocannon(options, (error, result) => (error === null ? resolve(result) : reject(error)));
running.on('response', () => {
  answeredAt = performance.now();
});
const result = await done;
process.send?.({
  requests: result.requests.total,
  seconds: (answeredAt - startedAt) / 1_000,
  p50Ms: result.latency.p50,
  p99Ms: result.latency.p99,
  failures: result.non2xx + result.errors === 0 ? '' : `${result.non2xx} not 2xx, ${result.errors} errors`,
});
process.disconnect();
