import { type ConnectionConfig, type PoolOptions, parseDatabaseUrl } from '@products/db';
import {
  boolean,
  choice,
  type Environment,
  integer,
  isSet,
  list,
  type Problem,
  parseEnvironment,
  seconds,
  secret,
  template,
  text,
  url,
} from '@products/environment';
import { type LogLevel, logLevels, readTracing, type SignalSettings, type UnusedVariable } from '@products/telemetry';
import { isOriginPattern } from './http/origins.js';
import { addressEnvironment } from './listen-address.js';

/** The service's own variables; docs/configuration.md explains each. */
export const serviceEnvironment = {
  ...addressEnvironment,
  FLASK_DEBUG: boolean().default(false),
  LOG_LEVEL: choice(logLevels).optional(),
  WEB_CONCURRENCY: integer(1, 64).default(1),
  CORS_ORIGINS: list(
    '« * », origines comme https://boutique.example, ou avec un « * » pour un nom : https://*.boutique.example',
    isOriginPattern,
  ).default(['*']),
  PUBLIC_URL: url().optional(),
  TRACE_URL: template('trace_id').optional(),
  DIAGNOSTICS: boolean().default(true),
  REVISION: text().default('unknown'),
  SLOW_ENDPOINT_DELAY: seconds(0, 3_600).default(5_000),
  REQUEST_TIMEOUT: seconds(1, 86_400).default(120_000),
  REQUESTS_MAX: integer(1, 1_000_000).default(2_000),
  WRITE_TIMEOUT: seconds(0.1, 86_400).default(60_000),
  SHUTDOWN_DELAY: seconds(0, 3_600).default(0),
  SHUTDOWN_TIMEOUT: seconds(0, 3_600).default(8_000),
  DATABASE_URL: secret(text()).optional(),
  DATABASE_REPLICA_URL: secret(text()).optional(),
  DB_POOL_SIZE: integer(0, 10_000).default(10),
  DB_MAX_OVERFLOW: integer(-1, 10_000).default(20),
  DB_POOL_RECYCLE: seconds(0, 31_536_000, { orNever: true }).default(3_600_000),
  DB_POOL_TIMEOUT: seconds(0, 3_600).default(30_000),
  DB_POOL_QUEUE: integer(0, 1_000_000).default(500),
  DB_QUERY_TIMEOUT: seconds(0.01, 86_400).default(10_000),
  DB_PREPARED_STATEMENTS: boolean().default(true),
} as const;

/** Variables of the Flask service's stack that nothing here reads, with the reason. */
const unreadVariables: Readonly<Record<string, string>> = {
  SQL_ECHO: 'les requêtes SQL sont dans les spans',
  GUNICORN_CMD_ARGS: 'voir WEB_CONCURRENCY',
};

export interface Config {
  readonly host: string;
  readonly port: number;
  readonly logLevel: LogLevel;
  /** What is sent over OTLP beside traces. */
  readonly signals: SignalSettings;
  readonly workers: number;
  /** `['*']`: any origin. */
  readonly corsOrigins: readonly string[];
  /** Where clients reach the service, without a slash at the end; undefined: under the root of whatever they call. */
  readonly publicUrl: string | undefined;
  /** A template with `{trace_id}`. */
  readonly traceUrl: string | undefined;
  /** Whether `/slow` and `/error` are there. */
  readonly hasDiagnostics: boolean;
  /** The commit that the service was built from. */
  readonly revision: string;
  readonly slowDelayMs: number;
  readonly requestTimeoutMs: number;
  /** Calls in flight in one process. */
  readonly requestsMax: number;
  readonly writeTimeoutMs: number;
  readonly shutdownDelayMs: number;
  readonly shutdownTimeoutMs: number;
  /** Undefined: the embedded database. */
  readonly database: ConnectionConfig | undefined;
  /** The read replica, if any. */
  readonly replica: ConnectionConfig | undefined;
  readonly pool: PoolOptions;
  /** Variables that are set and change nothing. */
  readonly unusedVariables: readonly UnusedVariable[];
}

/** The message lists every wrong variable. */
class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/**
 * Reads the whole configuration, telemetry's included: the preload cannot report its problems.
 *
 * @throws {ConfigError} that lists each wrong variable with its value, unless secret, and the allowed values.
 */
export function readConfig(environment: Environment): Config {
  const { values, problems } = parseEnvironment(serviceEnvironment, environment);
  const tracing = readTracing(environment);
  problems.push(...tracing.problems);
  const database = readDatabaseUrl('DATABASE_URL', values, environment, problems);
  const replica = readDatabaseUrl('DATABASE_REPLICA_URL', values, environment, problems);
  if (replica !== undefined && values.DATABASE_URL === undefined) {
    problems.push({
      variable: 'DATABASE_REPLICA_URL',
      message: 'DATABASE_REPLICA_URL (la base embarquée n’a pas de réplica : définissez DATABASE_URL)',
    });
  }
  if (problems.length > 0) {
    throw new ConfigError(problems.map(({ message }) => message).join(' ; '));
  }
  return {
    host: values.HOST,
    port: values.PORT,
    signals: tracing.signals,
    logLevel: values.LOG_LEVEL ?? (values.FLASK_DEBUG ? 'DEBUG' : 'INFO'),
    workers: values.WEB_CONCURRENCY,
    corsOrigins: values.CORS_ORIGINS,
    publicUrl: values.PUBLIC_URL?.replace(/\/+$/, ''),
    traceUrl: values.TRACE_URL,
    hasDiagnostics: values.DIAGNOSTICS,
    revision: values.REVISION,
    slowDelayMs: values.SLOW_ENDPOINT_DELAY,
    requestTimeoutMs: values.REQUEST_TIMEOUT,
    requestsMax: values.REQUESTS_MAX,
    writeTimeoutMs: values.WRITE_TIMEOUT,
    shutdownDelayMs: values.SHUTDOWN_DELAY,
    shutdownTimeoutMs: values.SHUTDOWN_TIMEOUT,
    database,
    replica,
    pool: {
      size: values.DB_POOL_SIZE,
      maxOverflow: values.DB_MAX_OVERFLOW,
      recycleMs: values.DB_POOL_RECYCLE,
      timeoutMs: values.DB_POOL_TIMEOUT,
      queueMax: values.DB_POOL_QUEUE,
      queryTimeoutMs: values.DB_QUERY_TIMEOUT,
      preparedStatements: values.DB_PREPARED_STATEMENTS,
    },
    unusedVariables: [...tracing.unused, ...findUnused(environment)],
  };
}

function findUnused(environment: Environment): UnusedVariable[] {
  return Object.entries(unreadVariables)
    .filter(([variable]) => isSet(environment, variable))
    .map(([variable, reason]) => ({ variable, reason }));
}

function readDatabaseUrl(
  variable: 'DATABASE_URL' | 'DATABASE_REPLICA_URL',
  { [variable]: url }: Readonly<Record<typeof variable, string | undefined>>,
  environment: Environment,
  problems: Problem[],
): ConnectionConfig | undefined {
  if (url === undefined) return undefined;
  try {
    return parseDatabaseUrl(url, environment);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    problems.push({ variable, message: `${variable} (${reason})` });
    return undefined;
  }
}
