// From a fault of the service to the person on call: real programs, real rules a minute of which is a second, real faults.
import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { findFreePort } from '@products/db/testing';
import { type AlertName, alerts, annotationsOf, STACK_RUNBOOK_PATH } from '@products/monitoring';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { type Backend, type ServingProcess, startBackend, startOnSamples } from '../backend.js';
import { eventually } from '../eventually.js';
import { type FaultyDatabase, startFaultyDatabase } from '../faulty-database.js';
import { report } from '../soak.js';
import { type AlertmanagerServer, type Notification, startAlertmanager } from './alertmanager-server.js';
import { copyFaster } from './faster-rules.js';
import { type PrometheusServer, shipped, startPrometheus } from './prometheus-server.js';

const receivers = { critical: 'page', warning: 'ticket' } as const;
/** What Alertmanager waits, and a minute between two notifications of a group, on a machine that is busy. */
const ARRIVES_MS_MAX = 100_000;
const REQUEST_INTERVAL_MS = 50;

let database: FaultyDatabase;
let withoutDatabase: ServingProcess;
let withoutTable: Backend;
let killed: ServingProcess;
let untraced: ServingProcess;
let alertmanager: AlertmanagerServer;
let rulesFolder: string;
let prometheus: PrometheusServer;
const traffic = new AbortController();

const withoutPreload = { nodeArguments: [] };
const onPort = async () => ({ PORT: String(await findFreePort()) });

beforeAll(async () => {
  database = await startFaultyDatabase();
  withoutDatabase = await startOnSamples({ DATABASE_URL: database.url });
  withoutTable = await startBackend();
  killed = await startOnSamples(await onPort());
  untraced = await startOnSamples(await onPort());
  for (const service of [withoutDatabase, withoutTable]) void askAgainAndAgain(service);
  alertmanager = await startAlertmanager();
  const urls = [withoutDatabase, withoutTable, killed, untraced].map(({ url }) => url);
  rulesFolder = copyFaster(`${shipped}/rules`);
  prometheus = await startPrometheus('prometheus', urls, { rulesFolder, alertmanagerUrl: alertmanager.url });
  // What a busy machine made of the start.
  await eventually(async () => expect(await firing()).toEqual([]));
}, 120_000);
afterAll(async () => {
  traffic.abort();
  await prometheus?.stop();
  if (rulesFolder !== undefined) rmSync(rulesFolder, { recursive: true });
  await alertmanager?.stop();
  await Promise.all([withoutDatabase, withoutTable, killed, untraced].map((service) => service?.stop()));
  await database?.stop();
});

async function askAgainAndAgain(service: ServingProcess): Promise<void> {
  while (!traffic.signal.aborted) {
    await (await service.fetch('/products/1')).arrayBuffer();
    await sleep(REQUEST_INTERVAL_MS);
  }
}

/** Another process in the place of one that has ended. */
async function replace(service: ServingProcess, options = {}): Promise<ServingProcess> {
  return startOnSamples({ PORT: new URL(service.url).port }, options);
}

interface Fault {
  readonly alert: AlertName;
  /** Where; an alert about the whole job has no instance. */
  readonly service?: () => ServingProcess;
  readonly cause: () => Promise<unknown>;
  readonly repair: () => Promise<unknown>;
}

let startDatabase: () => void;
let databaseStarted: Promise<void>;

const faults: readonly Fault[] = [
  {
    alert: 'BackendAvailabilityBudgetBurnsFast',
    cause: async () => {
      await withoutTable.database.query('ALTER TABLE products RENAME TO elsewhere');
      expect((await withoutTable.fetch('/products/1')).status).toBe(500);
      // Before anything else fails: it is this fault's.
      await eventually(async () => expect(await firing()).toContain('BackendAvailabilityBudgetBurnsFast'));
    },
    repair: () => withoutTable.database.query('ALTER TABLE elsewhere RENAME TO products'),
  },
  {
    alert: 'BackendDatabaseUnavailable',
    service: () => withoutDatabase,
    cause: () =>
      new Promise<void>((stopped) => {
        databaseStarted = database.restart('fast', () => {
          stopped();
          return new Promise((resolve) => {
            startDatabase = resolve;
          });
        });
      }),
    repair: async () => {
      startDatabase();
      await databaseStarted;
    },
  },
  {
    alert: 'BackendInstanceDown',
    service: () => killed,
    cause: async () => {
      killed.child.kill('SIGKILL');
      await killed.exited;
    },
    repair: async () => {
      killed = await replace(killed);
    },
  },
  {
    alert: 'BackendUntraced',
    service: () => untraced,
    cause: async () => {
      await untraced.stop();
      untraced = await replace(untraced, withoutPreload);
    },
    repair: async () => {
      await untraced.stop();
      untraced = await replace(untraced);
    },
  },
];

async function firing(): Promise<readonly (string | undefined)[]> {
  return (await prometheus.alerts()).filter(({ state }) => state === 'firing').map(({ labels }) => labels['alertname']);
}

/** The first notification after this time that says this of an alert. */
function arrival({ alert, service }: Fault, status: 'firing' | 'resolved', since = Number.NaN): Promise<Notification> {
  const instance = service && new URL(service().url).host;
  return vi.waitFor(
    () => {
      const found = alertmanager.notifications.find(
        (notification) =>
          notification.arrivedAt > since &&
          notification.alerts.some(
            ({ labels, ...notified }) =>
              notified.status === status && labels['alertname'] === alert && labels['instance'] === instance,
          ),
      );
      if (found === undefined) throw new Error(`${alert} has not arrived as ${status}`);
      return found;
    },
    { timeout: ARRIVES_MS_MAX, interval: 100 },
  );
}

const linkOf = (notification: Notification, name: AlertName) =>
  notification.alerts.find(({ labels }) => labels['alertname'] === name)?.annotations['runbook_url'];

it('each alert arrives at the receiver of its severity with a link that opens, and so does its end', async () => {
  const causedAt = new Map<Fault, number>();
  for (const fault of faults) {
    causedAt.set(fault, performance.now());
    await fault.cause();
  }
  const arrived = await Promise.all(
    faults.map(async (fault) => ({ fault, notification: await arrival(fault, 'firing', causedAt.get(fault)) })),
  );
  for (const { fault, notification } of arrived) {
    expect(notification.receiver, fault.alert).toBe(receivers[alerts[fault.alert].severity]);
    const link = linkOf(notification, fault.alert);
    expect(link).toBe(annotationsOf(fault.alert, alerts[fault.alert])['runbook_url']);
    const { hash } = new URL(String(link));
    const page = await fetch(`${prometheus.url}${STACK_RUNBOOK_PATH}`);
    expect(page.status).toBe(200);
    expect(await page.text()).toContain(`<b id="${hash.slice(1)}">### ${fault.alert}</b>`);
  }
  // Whoever is paged has one incident, and no ticket about the same errors.
  const pages = alertmanager.notifications.filter(({ receiver }) => receiver === 'page');
  expect(new Set(pages.map(({ groupKey }) => groupKey)).size).toBe(1);
  await eventually(async () => {
    const held = await alertmanager.findAlert('BackendAvailabilityBudgetBurnsSlowly');
    expect(held?.status).toMatchObject({ state: 'suppressed', inhibitedBy: [expect.any(String)] });
  });

  const repairedAt = new Map<Fault, number>();
  for (const fault of faults) {
    await fault.repair();
    repairedAt.set(fault, performance.now());
  }
  const resolved = await Promise.all(faults.map((fault) => arrival(fault, 'resolved', repairedAt.get(fault))));

  report('alert | receiver | link | seconds to fire | seconds to resolve');
  for (const [index, { fault, notification }] of arrived.entries()) {
    const seconds = (from: ReadonlyMap<Fault, number>, until = Number.NaN) =>
      ((until - (from.get(fault) ?? Number.NaN)) / 1_000).toFixed(1);
    const end = resolved[index];
    expect(end?.receiver).toBe(notification.receiver);
    const times = [seconds(causedAt, notification.arrivedAt), seconds(repairedAt, end?.arrivedAt)];
    report([fault.alert, notification.receiver, linkOf(notification, fault.alert), ...times].join(' | '));
  }
}, 230_000);
