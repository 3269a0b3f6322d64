import type { ConnectionOptions } from 'node:tls';
import pg from 'pg';
import type { ConnectionConfig, Host, SessionTarget } from './connection.js';
import { GuardedConnection } from './guarded-connection.js';
import { isCondition } from './sql-states.js';
import { typeParsers } from './type-parsers.js';

/** One way to connect: a host, with TLS or without. */
export interface Attempt extends Host {
  readonly ssl: ConnectionOptions | false;
  readonly sessionTarget: Exclude<SessionTarget, 'prefer-standby'>;
}

/** The server and database of a connection. */
export interface DatabaseServer {
  readonly host: string;
  readonly port: number;
  readonly database: string;
}

/** node-postgres does not give these two answers to its wish for TLS a code. */
const NO_TLS = /does not support SSL|error establishing an SSL connection/;

/** Failures to reach a host at all: it would not be reached without TLS either. */
const UNREACHABLE: ReadonlySet<unknown> = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'ENOENT',
  'EACCES',
]);

/** What node-postgres says of a host from which nothing came in time, and the codes that the system has for it. */
const NO_ANSWER = 'timeout expired';
const NO_ANSWER_CODES: ReadonlySet<unknown> = new Set(['ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH']);

/**
 * Opens connections as libpq does: on the first host that can be reached, whose TLS is as wanted and whose session is as
 * `target_session_attrs` says. The host of the last connection is asked first, one that is silent last.
 */
export class Connector {
  readonly #config: ConnectionConfig;
  #lastHost: Host;
  /** Asked first, a lost primary would cost each request its time-out even once another host is the primary. */
  readonly #silentHosts = new Set<Host>();

  constructor(config: ConnectionConfig) {
    this.#config = config;
    this.#lastHost = firstOf(config.hosts);
  }

  /** Where the last connection was made, or the first will be tried. */
  get server(): DatabaseServer {
    const { host, port } = this.#lastHost;
    return { host, port, database: this.#config.database };
  }

  /** The first way to connect. */
  get firstAttempt(): Attempt {
    return { ...this.#lastHost, ssl: firstOf(this.#config.tls), sessionTarget: 'any' };
  }

  /**
   * Tries one way after the other, until one succeeds.
   *
   * @param deadline on the clock of `performance.now()`: no other way is tried after it
   * @throws {Error} the only failure, or all of several in one message.
   */
  async connect<Client extends pg.ClientBase>(
    open: (attempt: Attempt) => Promise<Client>,
    deadline = Number.POSITIVE_INFINITY,
  ): Promise<Client> {
    const { sessionTarget, tls } = this.#config;
    const failures: { readonly host: Host; readonly error: unknown }[] = [];
    for (const target of sessionTarget === 'prefer-standby' ? (['standby', 'any'] as const) : [sessionTarget]) {
      for (const host of this.#hostsInTurn()) {
        for (const ssl of host.host.startsWith('/') ? [false as const] : tls) {
          if (failures.length > 0 && performance.now() > deadline) throw explain(failures);
          try {
            const client = await open({ ...host, ssl, sessionTarget: target });
            this.#lastHost = host;
            this.#silentHosts.delete(host);
            return client;
          } catch (error) {
            failures.push({ host, error });
            if (isSilence(error)) this.#silentHosts.add(host);
            else this.#silentHosts.delete(host);
            if (!isTlsRefusal(error, ssl)) break;
          }
        }
      }
    }
    throw explain(failures);
  }

  /** What node-postgres makes a connection of. */
  configOf({ host, port, ssl }: Attempt): pg.ClientConfig {
    const { client, connectTimeoutMs } = this.#config;
    const { keepAliveInitialDelayMillis } = client;
    const connection = new GuardedConnection({ ssl, keepAlive: true, keepAliveInitialDelayMillis });
    const config: pg.ClientConfig & { connection: pg.Connection } = {
      ...client,
      host,
      port,
      ssl,
      connection,
      connectionTimeoutMillis: connectTimeoutMs,
      types: typeParsers,
    };
    return config;
  }

  #hostsInTurn(): readonly Host[] {
    // Asked for each statement.
    if (this.#config.hosts.length === 1) return this.#config.hosts;
    const hosts = [this.#lastHost, ...this.#config.hosts.filter((host) => host !== this.#lastHost)];
    const isSilent = (host: Host) => Number(this.#silentHosts.has(host));
    return hosts.sort((a, b) => isSilent(a) - isSilent(b));
  }
}

/**
 * Opens one connection that is not pooled; it has to be ended.
 *
 * @param options of node-postgres, beside the config's
 */
export function connectOnce(config: ConnectionConfig, options: pg.ClientConfig = {}): Promise<pg.Client> {
  const connector = new Connector(config);
  return connector.connect(async (attempt) => {
    const client = new pg.Client({ ...connector.configOf(attempt), ...options });
    // Without a listener, a connection that the server ends takes the process with it.
    client.on('error', () => {});
    try {
      await client.connect();
      await assertSession(client, attempt.sessionTarget);
      return client;
    } catch (error) {
      await client.end().catch(() => {});
      throw error;
    }
  });
}

/**
 * Checks that a new connection leads to the kind of server that is wanted.
 *
 * @throws {Error} when it does not.
 */
export async function assertSession(client: pg.ClientBase, target: Attempt['sessionTarget']): Promise<void> {
  if (target === 'any') return;
  const { rows } = await client.query<{ isStandby: boolean; isReadOnly: boolean }>(
    `SELECT pg_is_in_recovery() AS "isStandby", current_setting('transaction_read_only') = 'on' AS "isReadOnly"`,
  );
  const { isStandby = false, isReadOnly = false } = rows[0] ?? {};
  const isWanted = {
    'read-write': !isReadOnly,
    'read-only': isReadOnly,
    primary: !isStandby,
    standby: isStandby,
  } as const satisfies Record<typeof target, boolean>;
  if (isWanted[target]) return;
  const kind = `${isStandby ? 'réplica' : 'serveur principal'}${isReadOnly ? ' en lecture seule' : ''}`;
  throw new Error(`${kind}, target_session_attrs=${target} est demandé`);
}

/** Whether the other way, with or without TLS, may succeed where this one has failed: as libpq decides it. */
function isTlsRefusal(error: unknown, ssl: Attempt['ssl']): boolean {
  // "no pg_hba.conf entry for host …, SSL encryption" and its like.
  if (error instanceof pg.DatabaseError) return isCondition(error, 'invalid_authorization_specification');
  if (ssl === false || !(error instanceof Error)) return false;
  return NO_TLS.test(error.message) || ('code' in error && !UNREACHABLE.has(error.code));
}

function isSilence(error: unknown): boolean {
  return (
    error instanceof Error && (error.message === NO_ANSWER || ('code' in error && NO_ANSWER_CODES.has(error.code)))
  );
}

function explain(failures: readonly { readonly host: Host; readonly error: unknown }[]): unknown {
  // Of the two ways on a single host, the last failure is the one that counts, as in libpq.
  const hosts = new Map(failures.map((failure) => [`${failure.host.host}:${failure.host.port}`, failure]));
  if (hosts.size <= 1) return failures.at(-1)?.error;
  const reasons = [...hosts].map(([host, { error }]) => `${host} : ${error instanceof Error ? error.message : error}`);
  return new AggregateError(
    failures.map(({ error }) => error),
    reasons.join(' ; '),
  );
}

function firstOf<Value>(values: readonly Value[]): Value {
  const [first] = values;
  if (first === undefined) throw new Error('a connection has at least one host and one way to it');
  return first;
}
