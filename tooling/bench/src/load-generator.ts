// The client process; its CPU time is not measured.
import { once } from 'node:events';
import { cpus } from 'node:os';
import autocannon, { type Result } from 'autocannon';
import type { Load } from './load.js';

/** autocannon notices its end at a sample; with a second between two, that would be most of a short round. */
const SAMPLE_EVERY_MS = 50;

const [load] = (await once(process, 'message')) as [Load];
const startedAt = performance.now();
const busyBefore = busySeconds();
let answeredAt = startedAt;
const { promise: done, resolve, reject } = Promise.withResolvers<Result>();
const options = {
  url: load.url,
  method: load.method,
  ...(load.body === undefined ? {} : { body: load.body }),
  headers: {
    ...(load.body === undefined ? {} : { 'Content-Type': 'application/json' }),
    ...(load.closes === true ? { Connection: 'close' } : {}),
  },
  connections: load.connections,
  amount: load.requests,
  timeout: 60,
  sampleInt: SAMPLE_EVERY_MS,
};
const running = autocannon(options, (error, result) => (error === null ? resolve(result) : reject(error)));
running.on('response', () => {
  answeredAt = performance.now();
});
const result = await done;
const busyCores = (busySeconds() - busyBefore) / ((performance.now() - startedAt) / 1_000);
process.send?.({
  requests: result.requests.total,
  seconds: (answeredAt - startedAt) / 1_000,
  p50Ms: result.latency.p50,
  p99Ms: result.latency.p99,
  busyCores,
  failures: result.non2xx + result.errors === 0 ? '' : `${result.non2xx} not 2xx, ${result.errors} errors`,
});
process.disconnect();

/** CPU time of all that the machine has run. */
function busySeconds(): number {
  return cpus().reduce((sum, { times: { user, nice, sys, irq } }) => sum + user + nice + sys + irq, 0) / 1_000;
}
