import pg from 'pg';
import { GuardedSocket } from './guarded-socket.js';

/** Longest TCP connection and PostgreSQL handshake, unless the URL has `connect_timeout`. */
const CONNECT_TIMEOUT_MS = 5_000;

/** Modes without TLS. node-postgres cannot try one way and then the other, so `allow` and `prefer` are among them. */
const PLAIN_SSL_MODES: ReadonlySet<string> = new Set(['disable', 'allow', 'prefer']);
const SSL_MODES: ReadonlySet<string> = new Set([...PLAIN_SSL_MODES, 'require', 'verify-ca', 'verify-full']);

/** A parsed URL; only this package looks inside. */
export type ConnectionConfig = pg.ClientConfig & {
  readonly server: DatabaseServer;
  /** The server without user or password: `hote:5432/base`. */
  readonly description: string;
};

/** The server and database of a connection. */
export interface DatabaseServer {
  readonly host: string;
  readonly port: number;
  readonly database: string;
}

/**
 * Reads a `DATABASE_URL` as the Flask service understood it.
 *
 * - SQLAlchemy's driver suffix is dropped: `postgresql+psycopg2://` is `postgresql://`.
 * - `sslmode` has libpq's meaning, except that `allow` and `prefer` connect without TLS. `require` encrypts without checking
 *   the certificate; pg alone would check it
 *   (https://www.postgresql.org/docs/current/libpq-ssl.html#LIBPQ-SSL-SSLMODE-STATEMENTS).
 * - `connect_timeout` is in seconds, as in libpq.
 *
 * @throws {TypeError} when the text is no PostgreSQL URL; the message never repeats the URL, which may hold a password.
 */
export function parseDatabaseUrl(databaseUrl: string): ConnectionConfig {
  const match = /^postgres(?:ql)?(?:\+[a-z0-9_]+)?:\/\/(?<rest>.*)$/i.exec(databaseUrl.trim());
  if (match?.groups?.['rest'] === undefined) {
    throw new TypeError('URL PostgreSQL attendue, de la forme postgresql://utilisateur:motdepasse@hote:5432/base');
  }
  const url = `postgresql://${match.groups['rest']}`;
  const sslMode = /[?&]sslmode=(?<mode>[^&]*)/.exec(url)?.groups?.['mode'];
  if (sslMode !== undefined && !SSL_MODES.has(sslMode)) {
    throw new TypeError(`sslmode=${sslMode} inconnu : ${[...SSL_MODES].join(', ')} sont possibles`);
  }
  const isLibpqMeaning = sslMode !== undefined && !/[?&]uselibpqcompat=/.test(url);
  const plainUrl = PLAIN_SSL_MODES.has(sslMode ?? '') ? url.replace(/([?&]sslmode=)[^&]*/, '$1disable') : url;
  const connectionString = isLibpqMeaning ? `${plainUrl}&uselibpqcompat=true` : url;
  const seconds = Number(/[?&]connect_timeout=(?<seconds>\d+)/.exec(url)?.groups?.['seconds'] ?? 0);
  const config: pg.ClientConfig = {
    connectionString,
    connectionTimeoutMillis: seconds > 0 ? seconds * 1_000 : CONNECT_TIMEOUT_MS,
    keepAlive: true,
    stream: () => new GuardedSocket(),
  };
  const server = findServer(config);
  return { ...config, server, description: `${server.host}:${server.port}/${server.database}` };
}

function findServer(config: pg.ClientConfig): DatabaseServer {
  try {
    const { host, port, database = '' } = new pg.Client(config);
    return { host, port, database };
  } catch (error) {
    // A missing certificate file, for instance. Any other message might repeat the URL.
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      throw new TypeError(`URL PostgreSQL inutilisable : ${error.message}`);
    }
    throw new TypeError(
      'URL PostgreSQL illisible : le port va de 1 à 65535, et les caractères spéciaux du mot de passe s’écrivent encodés (%40 pour @)',
    );
  }
}
