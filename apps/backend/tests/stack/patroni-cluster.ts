// A highly available PostgreSQL: two machines, and an etcd in which Patroni elects the primary.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { findFreePort } from '@products/db/testing';
import { eventually } from '../eventually.js';
import { type Machine, startMachine } from './patroni-machine.js';

export interface PatroniCluster {
  /** The first primary, and its standby. */
  readonly machines: readonly [Machine, Machine];
  /** Waits until it is the primary, and the other machine follows it synchronously. */
  isInOrder(primary: Machine): Promise<void>;
  /** Asks Patroni to hand over to the other machine. */
  switchOver(from: Machine, to: Machine): Promise<void>;
  stop(): Promise<void>;
}

interface Member {
  readonly name: string;
  readonly role: string;
}

/** Starts it with an empty database. */
export async function startPatroniCluster(): Promise<PatroniCluster> {
  const folder = mkdtempSync(path.join(tmpdir(), 'products-patroni-'));
  chmodSync(folder, 0o755);
  const etcd = await startEtcd(folder);
  const started: Machine[] = [];
  const stop = async () => {
    await Promise.all(started.map((machine) => machine.stop()));
    await etcd.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  const start = async (name: string) => {
    const machine = await startMachine(name, folder, etcd.address);
    started.push(machine);
    return machine;
  };
  const isInOrder = (primary: Machine) =>
    eventually(async () => {
      const response = await fetch(`${primary.api}/cluster`);
      const { members } = (await response.json()) as { members: Member[] };
      const roles = members.map(({ name, role }) => `${name} ${role}`).sort();
      const wanted = started.map(({ name }) => `${name} ${name === primary.name ? 'leader' : 'sync_standby'}`);
      const standbys = await primary.query<{ state: string }>(
        `SELECT concat_ws(' ', state, sync_state) AS state FROM pg_stat_replication`,
      );
      const states = standbys.map(({ state }) => state).join();
      if (roles.join() !== wanted.join() || states !== 'streaming sync') {
        throw new Error(`${primary.name} is not the primary with a synchronous standby: ${roles.join()}; ${states}`);
      }
    });
  try {
    const primary = await start('a');
    const standby = await start('b');
    await isInOrder(primary);
    return {
      machines: [primary, standby],
      isInOrder,
      switchOver: async (from, to) => {
        const body = JSON.stringify({ leader: from.name, candidate: to.name });
        const response = await fetch(`${from.api}/switchover`, { method: 'POST', body });
        if (!response.ok) throw new Error(`Patroni does not switch over: ${await response.text()}`);
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startEtcd(parent: string): Promise<{ address: string; stop(): Promise<void> }> {
  const address = `127.0.0.1:${await findFreePort()}`;
  const peers = `http://127.0.0.1:${await findFreePort()}`;
  const child = spawn(
    'etcd',
    [
      `--data-dir=${path.join(parent, 'etcd')}`,
      `--listen-client-urls=http://${address}`,
      `--advertise-client-urls=http://${address}`,
      `--listen-peer-urls=${peers}`,
      `--initial-advertise-peer-urls=${peers}`,
      `--initial-cluster=default=${peers}`,
      '--logger=zap',
      '--log-level=error',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const said = text(child.stderr);
  const exited = once(child, 'exit');
  const stop = async () => {
    child.kill('SIGTERM');
    await exited;
  };
  try {
    // Rejects when there is no such program.
    await once(child, 'spawn');
    await eventually(async () => {
      if (!(await fetch(`http://${address}/health`)).ok) throw new Error('etcd has no leader yet');
    });
  } catch (error) {
    if (child.pid !== undefined) await stop();
    throw new Error(`etcd does not start:\n${await said}`, { cause: error });
  }
  return { address, stop };
}
