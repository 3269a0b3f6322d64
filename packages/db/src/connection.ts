import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { type ConnectionOptions, getCACertificates, rootCertificates } from 'node:tls';
import type pg from 'pg';
import { type Environment, type Parameters, readParameters } from './libpq-parameters.js';

/** Longest TCP connection, TLS and PostgreSQL handshake with one host, unless `connect_timeout` says otherwise. */
const CONNECT_TIMEOUT_MS = 5_000;
/** The same where another host may answer. */
const CONNECT_TIMEOUT_OF_SEVERAL_MS = 2_000;

const DEFAULT_PORT = '5432';

/** What a session must be for its connection to be used, as libpq's `target_session_attrs`. */
export type SessionTarget = 'any' | 'read-write' | 'read-only' | 'primary' | 'standby' | 'prefer-standby';

/** How to reach a database; made by {@link parseDatabaseUrl}, and only this package looks inside. */
export interface ConnectionConfig {
  readonly hosts: readonly Host[];
  /** What a connection tries one after the other, on each host. */
  readonly tls: readonly (ConnectionOptions | false)[];
  readonly sessionTarget: SessionTarget;
  readonly connectTimeoutMs: number;
  readonly database: string;
  /** The rest, as node-postgres calls it. */
  readonly client: pg.ClientConfig;
  /** Hosts and database, without user or password: `hote:5432/base`. */
  readonly description: string;
}

/** A server, or the folder of its Unix-domain socket. */
export interface Host {
  readonly host: string;
  readonly port: number;
}

/**
 * Reads a `DATABASE_URL` as libpq and the Flask service's SQLAlchemy understand it, TLS and several hosts included
 * (https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS). libpq's variables count where it is silent.
 *
 * @throws {TypeError} that names the part that cannot be read or honoured, and repeats nothing that may be a password.
 */
export function parseDatabaseUrl(databaseUrl: string, environment: Environment = {}): ConnectionConfig {
  const parameters = readParameters(databaseUrl, environment);
  const hosts = readHosts(parameters);
  const { user, password, options, application_name, fallback_application_name, keepalives_idle } = parameters;
  const database = parameters.dbname ?? user ?? '';
  return {
    hosts,
    tls: readTls(parameters),
    sessionTarget: (parameters.target_session_attrs ?? 'any') as SessionTarget,
    connectTimeoutMs: readConnectTimeout(parameters, hosts.length),
    database,
    client: {
      keepAlive: true,
      user,
      password,
      database: database === '' ? undefined : database,
      options,
      application_name,
      fallback_application_name,
      keepAliveInitialDelayMillis: keepalives_idle === undefined ? undefined : Number(keepalives_idle) * 1_000,
    },
    description: `${hosts.map(({ host, port }) => `${host}:${port}`).join(',')}/${database}`,
  };
}

/** One port for all hosts, or one for each. */
function readHosts({ host = '', port = '' }: Parameters): Host[] {
  const names = host.split(',');
  const ports = port.split(',');
  if (ports.length !== 1 && ports.length !== names.length) {
    throw new TypeError(`URL PostgreSQL illisible : ${ports.length} ports pour ${names.length} hôtes`);
  }
  return names.map((name, index) => {
    const text = (ports.length === 1 ? ports[0] : ports[index]) || DEFAULT_PORT;
    const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (number >= 1 && number <= 65_535) return { host: name || 'localhost', port: number };
    // Not repeated: it may be a piece of a password that is not encoded.
    const which = names.length === 1 ? 'le port' : `le port de l’hôte ${index + 1}`;
    throw new TypeError(
      `URL PostgreSQL illisible : ${which} va de 1 à 65535, et les caractères spéciaux du mot de passe s’écrivent encodés (%40 pour @)`,
    );
  });
}

/** In seconds; 0 and less wait without end in libpq, here for as long as the default. */
function readConnectTimeout({ connect_timeout: text }: Parameters, hostCount: number): number {
  const defaultMs = hostCount > 1 ? CONNECT_TIMEOUT_OF_SEVERAL_MS : CONNECT_TIMEOUT_MS;
  if (text === undefined) return defaultMs;
  if (!/^-?\d+$/.test(text)) throw new TypeError(`connect_timeout=${text} : un nombre entier de secondes est attendu`);
  return Number(text) > 0 ? Number(text) * 1_000 : defaultMs;
}

/**
 * With and without TLS in libpq's order (https://www.postgresql.org/docs/current/libpq-ssl.html#LIBPQ-SSL-SSLMODE-STATEMENTS).
 * `verify-ca` and `verify-full` trust the system's roots where no `sslrootcert` is named.
 */
function readTls(parameters: Parameters): (ConnectionOptions | false)[] {
  const { sslrootcert } = parameters;
  const sslmode = parameters.sslmode ?? (sslrootcert === 'system' ? 'verify-full' : 'prefer');
  if (sslmode === 'disable') return [false];
  if (sslrootcert === 'system' && sslmode !== 'verify-full') {
    throw new TypeError(`sslrootcert=system demande sslmode=verify-full, reçu : sslmode=${sslmode}`);
  }
  const rootFile = sslrootcert ?? findDefault('root.crt');
  const isVerified = sslmode.startsWith('verify-') || (sslmode === 'require' && rootFile !== undefined);
  const certFile = parameters.sslcert ?? findDefault('postgresql.crt');
  const keyFile = parameters.sslkey ?? findDefault('postgresql.key');
  const { sslcrl } = parameters;
  const options: ConnectionOptions = {
    rejectUnauthorized: isVerified,
    ...(isVerified ? { ca: readRoots(rootFile ?? 'system') } : {}),
    ...(isVerified && sslcrl !== undefined ? { crl: readFile('sslcrl', sslcrl) } : {}),
    ...(sslmode === 'verify-full' ? {} : { checkServerIdentity: () => undefined }),
    ...(certFile === undefined ? {} : { cert: readFile('sslcert', certFile) }),
    ...(certFile === undefined || keyFile === undefined ? {} : { key: readFile('sslkey', keyFile) }),
  };
  if (sslmode === 'allow') return [false, options];
  return sslmode === 'prefer' ? [options, false] : [options];
}

/** @param file or `system`; Node.js's own roots stand in where the system has none, as in a slim image */
function readRoots(file: string): string | string[] {
  if (file !== 'system') return readFile('sslrootcert', file);
  const system = getCACertificates('system');
  return system.length > 0 ? system : [...rootCertificates];
}

/** Files that libpq looks for by itself. */
function findDefault(name: string): string | undefined {
  const file = path.join(homedir(), '.postgresql', name);
  return existsSync(file) ? file : undefined;
}

function readFile(parameter: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new TypeError(`URL PostgreSQL inutilisable : ${parameter} : ${reason}`);
  }
}
