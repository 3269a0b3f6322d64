// A real Alertmanager with the shipped configuration, and what its webhook gets.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { json } from 'node:stream/consumers';
import { findFreePort } from '@products/db/testing';
import { expect } from 'vitest';
import { eventually } from '../eventually.js';

const shipped = path.resolve(import.meta.dirname, '../../../../deploy/alertmanager/alertmanager.yml');

interface NotifiedAlert {
  readonly status: 'firing' | 'resolved';
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** What a webhook gets: https://prometheus.io/docs/alerting/latest/configuration/#webhook_config */
export interface Notification {
  readonly receiver: string;
  readonly groupKey: string;
  readonly alerts: readonly NotifiedAlert[];
  /** By the clock of `performance.now()`. */
  readonly arrivedAt: number;
}

interface KnownAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly status: { readonly state: 'unprocessed' | 'active' | 'suppressed'; readonly inhibitedBy: readonly string[] };
}

export interface AlertmanagerServer {
  readonly url: string;
  /** Everything that the webhook has got. */
  readonly notifications: readonly Notification[];
  /** One that it knows by this name, told of or not. */
  findAlert(name: string): Promise<KnownAlert | undefined>;
  stop(): Promise<void>;
}

/** Starts Debian's Alertmanager; in its configuration only the webhook's address is another. */
export async function startAlertmanager(): Promise<AlertmanagerServer> {
  const folder = mkdtempSync(path.join(tmpdir(), 'products-test-alertmanager-'));
  const notifications: Notification[] = [];
  const webhook = createServer(async (request, response) => {
    const notification = (await json(request)) as Omit<Notification, 'arrivedAt'>;
    notifications.push({ ...notification, arrivedAt: performance.now() });
    response.end();
  });
  webhook.listen(0, '127.0.0.1');
  await once(webhook, 'listening');
  const { port } = webhook.address() as { port: number };
  // This version, 0.25, knows `url` alone; the stack's reads the same from a file.
  const configuration = readFileSync(shipped, 'utf8').replaceAll(/url_file: .+/g, `url: http://127.0.0.1:${port}/`);
  const configFile = path.join(folder, 'alertmanager.yml');
  writeFileSync(configFile, configuration);
  const url = `http://127.0.0.1:${await findFreePort()}`;
  const child = spawn(
    'prometheus-alertmanager',
    [
      `--config.file=${configFile}`,
      `--storage.path=${path.join(folder, 'data')}`,
      `--web.listen-address=${new URL(url).host}`,
      '--cluster.listen-address=',
      '--log.level=warn',
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  const exited = once(child, 'exit');
  const stop = async () => {
    child.kill('SIGTERM');
    await exited;
    webhook.close();
    webhook.closeAllConnections();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    // Rejects when there is no such program.
    await once(child, 'spawn');
    await eventually(async () => expect((await fetch(`${url}/-/ready`)).status).toBe(200));
  } catch (error) {
    webhook.close();
    if (child.pid !== undefined) await stop();
    throw error;
  }
  const findAlert = async (name: string) =>
    ((await (await fetch(`${url}/api/v2/alerts`)).json()) as KnownAlert[]).find(
      ({ labels }) => labels['alertname'] === name,
    );
  return { url, notifications, findAlert, stop };
}
