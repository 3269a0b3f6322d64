// Every line that the service can write: docs/telemetry-reference.md and docs/log-line.schema.json are made from this, and so is the logger.

import { productLogEvents, productLogFields } from './products.js';
import type { spans } from './spans.js';

export const logLevels = ['DEBUG', 'INFO', 'WARNING', 'ERROR'] as const;
export type LogLevel = (typeof logLevels)[number];

/** JSON types of fields. */
interface FieldTypes {
  readonly string: string;
  readonly integer: number;
  readonly number: number;
  readonly 'integer or null': number | null;
  /** Given as thrown; the line has {@link errorFields} instead. */
  readonly error: unknown;
  readonly issues: readonly { readonly path: string; readonly message: string }[];
}

export interface LogField {
  readonly type: keyof FieldTypes;
  readonly description: string;
}

/** Fields of every line; the ids inside a request only. */
export const commonLogFields = {
  timestamp: { type: 'string', description: 'time of the line, UTC, as `2024-12-14 21:30:00`' },
  time: { type: 'integer', description: 'time of the line, Unix time in milliseconds' },
  level: { type: 'string', description: logLevels.map((level) => `\`${level}\``).join(', ') },
  service: { type: 'string', description: '`backend`' },
  message: { type: 'string', description: 'French text, listed below' },
  trace_id: { type: 'string', description: '32 hexadecimal digits; inside a request' },
  span_id: { type: 'string', description: '16 hexadecimal digits; inside a request' },
} as const satisfies Record<string, LogField>;

/** Further fields of some messages. */
export const logFields = {
  method: { type: 'string', description: 'method of the request' },
  path: { type: 'string', description: 'path of the URL, without its query' },
  status: { type: 'integer', description: 'status of the response; 499 when the client left before its end' },
  route: { type: 'string', description: 'template that the path matched, `(unmatched)` for none' },
  duration_ms: {
    type: 'number',
    description: 'milliseconds from the arrival of the request to the end of its response',
  },
  count: { type: 'integer', description: 'number of rows' },
  ...productLogFields,
  limit: {
    type: 'integer or null',
    description: 'most rows to answer, null for all; of connections, the server’s limit',
  },
  connections: { type: 'string', description: 'most connections that the service opens' },
  columns: { type: 'string', description: 'columns of a table' },
  after: { type: 'integer or null', description: 'id of the row before the page, null for the first page' },
  delay_seconds: { type: 'number', description: '`SLOW_ENDPOINT_DELAY`' },
  code: { type: 'string', description: 'code of the error, as in its response' },
  reason: { type: 'string', description: 'cause, in words' },
  variable: { type: 'string', description: 'environment variable' },
  issues: { type: 'issues', description: 'problems of the input: `[{path, message}]`' },
  error: { type: 'error', description: 'the error, as `error_type` and `exc_info`' },
  url: { type: 'string', description: 'address of the service' },
  log_level: { type: 'string', description: 'lowest level that is written' },
  database: { type: 'string', description: 'the database, without its password' },
  port: { type: 'integer', description: 'port of the embedded PostgreSQL' },
  psql: { type: 'string', description: 'command that opens the embedded database' },
  signal: { type: 'string', description: 'signal that the process got' },
  step: { type: 'string', description: 'step of the stop' },
  timeout_seconds: {
    type: 'number',
    description: '`SHUTDOWN_TIMEOUT`; of statements, `DB_QUERY_TIMEOUT`',
  },
  workers: { type: 'integer', description: 'number of worker processes' },
  pid: { type: 'integer', description: 'id of the worker’s process' },
} as const satisfies Record<string, LogField>;

/** Fields of a line with an error, flat text as python-json-logger writes it. */
export const errorFields = {
  error_type: { type: 'string', description: 'class of the error' },
  exc_info: {
    type: 'string',
    description: 'stack and causes; of one class at one place, once a second',
  },
  stacks_omitted: { type: 'integer', description: 'stacks left out since the last one of this class at this place' },
} as const satisfies Record<string, LogField>;

type LogFieldName = keyof typeof logFields;

export interface LogEvent {
  /** Several where the outcome decides. */
  readonly levels: readonly LogLevel[];
  /** A field's name in braces stands for its value. */
  readonly message: string;
  readonly fields?: readonly LogFieldName[];
  readonly optionalFields?: readonly LogFieldName[];
  /** Key, in the spans' contract, of the span whose id the line has; `active`: of any, or none; without it, a line outside of any request. */
  readonly span?: keyof typeof spans | 'active';
}

/** The messages, in the order of a service's life. A request inside a batch has its procedure's span. */
export const logEvents = {
  configuration_invalid: { levels: ['ERROR'], message: 'Configuration invalide : {reason}', fields: ['reason'] },
  tracing_failed: {
    levels: ['ERROR'],
    message: 'Traces inactives : l’instrumentation n’a pas pu démarrer',
    fields: ['error'],
  },
  tracing_absent: {
    levels: ['ERROR'],
    message: 'Traces inactives : démarrez avec node --import @products/telemetry/register',
  },
  tracing_foreign: {
    levels: ['ERROR'],
    message:
      'Traces détournées : un autre traceur s’était enregistré avant celui du service (un agent injecté, NODE_OPTIONS) ; rien n’est exporté d’ici',
  },
  tracing_disabled: { levels: ['INFO'], message: 'Traces inactives : OTEL_SDK_DISABLED ou JAEGER_DISABLED' },
  variable_unused: {
    levels: ['WARNING'],
    message: 'Variable ignorée : {variable} ({reason})',
    fields: ['variable', 'reason'],
  },
  embedded_database_started: {
    levels: ['INFO'],
    message: 'PostgreSQL embarqué démarré',
    fields: ['port', 'psql'],
  },
  database_unreachable: {
    levels: ['WARNING'],
    message: 'Base de données injoignable au démarrage : {database}',
    fields: ['database', 'error'],
  },
  connections_exceed_limit: {
    levels: ['WARNING'],
    message:
      'Jusqu’à {connections} connexions à la base, qui en accepte {limit} : réduisez DB_POOL_SIZE, DB_MAX_OVERFLOW ou WEB_CONCURRENCY',
    fields: ['connections', 'limit'],
  },
  statement_timeout_absent: {
    levels: ['WARNING'],
    message:
      'statement_timeout absent ou trop long : une écriture refusée après {timeout_seconds} s peut encore aboutir (ALTER ROLE … SET …)',
    fields: ['timeout_seconds'],
  },
  list_indexes_absent: {
    levels: ['WARNING'],
    message: 'Listes triées lentes : products n’a pas d’index par {columns}, que pnpm db:migrate crée',
    fields: ['columns'],
  },
  connections_crowded: {
    levels: ['WARNING'],
    message: 'Trop de connexions : {limit} au plus (ulimit -n), les inactives sont fermées, d’autres refusées',
    fields: ['limit'],
  },
  service_started: { levels: ['INFO'], message: 'Service démarré', fields: ['url', 'log_level', 'database'] },
  start_failed: { levels: ['ERROR'], message: 'Démarrage impossible : {reason}', fields: ['reason', 'error'] },

  request_received: {
    levels: ['INFO', 'DEBUG'],
    message: 'Requête reçue: {method} {path}',
    fields: ['method', 'path'],
    span: 'request',
  },
  ...productLogEvents,
  slow_operation_started: {
    levels: ['INFO'],
    message: 'Opération lente de {delay_seconds} s',
    fields: ['delay_seconds'],
    span: 'request',
  },
  slow_operation_completed: {
    levels: ['INFO'],
    message: 'Opération lente terminée',
    fields: ['delay_seconds'],
    span: 'simulate_slow_operation',
  },
  error_simulated: { levels: ['INFO'], message: 'Simulation d’une erreur', span: 'request' },
  replica_unavailable: {
    levels: ['WARNING'],
    message: 'Réplica indisponible, lectures sur la base principale : {reason}',
    fields: ['reason'],
    span: 'request',
  },
  database_connected: { levels: ['INFO'], message: 'Base de données connectée', span: 'db_health_check' },
  database_disconnected: {
    levels: ['ERROR'],
    message: 'Base de données déconnectée',
    fields: ['error'],
    span: 'request',
  },
  request_refused: {
    levels: ['WARNING'],
    message: 'Requête refusée: {reason}',
    fields: ['code', 'reason'],
    optionalFields: ['issues'],
    span: 'request',
  },
  request_failed: {
    levels: ['ERROR'],
    message: 'Erreur: {reason}',
    fields: ['code', 'reason', 'error'],
    span: 'request',
  },
  request_completed: {
    levels: ['INFO', 'DEBUG', 'WARNING', 'ERROR'],
    message: 'Requête complétée: {method} {path}',
    fields: ['method', 'path', 'status', 'route', 'duration_ms'],
    span: 'request',
  },

  sampling_strategy_unavailable: {
    levels: ['WARNING'],
    message: 'Stratégie d’échantillonnage indisponible : {reason}',
    fields: ['reason'],
  },
  worker_started: { levels: ['INFO'], message: 'Processus de travail démarré', fields: ['pid'] },
  worker_stopped: { levels: ['INFO'], message: 'Processus de travail arrêté', fields: ['pid'] },
  worker_exited: {
    levels: ['INFO', 'ERROR'],
    message: 'Processus de travail terminé : {reason}, il est remplacé',
    fields: ['pid', 'reason'],
  },
  workers_replacing: { levels: ['INFO'], message: 'Remplacement des processus de travail', fields: ['workers'] },
  workers_replaced: { levels: ['INFO'], message: 'Processus de travail remplacés', fields: ['workers'] },
  workers_not_replaced: {
    levels: ['ERROR'],
    message: 'Remplacement des processus de travail interrompu',
    fields: ['error'],
  },
  spans_dropped: { levels: ['WARNING'], message: 'Spans perdus : {reason}', fields: ['reason'] },
  lines_not_exported: { levels: ['WARNING'], message: 'Lignes non exportées : {reason}', fields: ['reason'] },
  metrics_not_exported: { levels: ['WARNING'], message: 'Métriques non exportées : {reason}', fields: ['reason'] },
  service_stopping: { levels: ['INFO'], message: 'Arrêt du service : {signal}', fields: ['signal'] },
  service_failed: { levels: ['ERROR'], message: 'Arrêt du service : {reason}', fields: ['reason'] },
  requests_interrupted: {
    levels: ['WARNING'],
    message: 'Requêtes interrompues : délai d’arrêt dépassé',
    fields: ['timeout_seconds'],
  },
  stop_incomplete: { levels: ['WARNING'], message: 'Arrêt incomplet : {step}', fields: ['step', 'error'] },
  stop_forced: { levels: ['WARNING'], message: 'Arrêt immédiat : second signal {signal}', fields: ['signal'] },
  uncaught_error: {
    levels: ['ERROR'],
    message: 'Erreur non interceptée : arrêt immédiat',
    fields: ['error'],
    span: 'active',
  },
  service_stopped: { levels: ['INFO'], message: 'Service arrêté' },
} as const satisfies Record<string, LogEvent>;

export type LogEventName = keyof typeof logEvents;

type Declared = typeof logEvents;
type Fields<E extends LogEventName> = Declared[E] extends { fields: readonly (infer F extends LogFieldName)[] }
  ? F
  : never;
type OptionalFields<E extends LogEventName> = Declared[E] extends {
  optionalFields: readonly (infer F extends LogFieldName)[];
}
  ? F
  : never;
type ValueOf<F extends LogFieldName> = FieldTypes[(typeof logFields)[F]['type']];

/** The events that may be logged at a level. */
export type EventsAt<L extends LogLevel> = {
  [E in LogEventName]: L extends Declared[E]['levels'][number] ? E : never;
}[LogEventName];

/** The fields that an event's line is given. */
export type FieldsOf<E extends LogEventName> = { readonly [F in Fields<E>]: ValueOf<F> } & {
  readonly [F in OptionalFields<E>]?: ValueOf<F> | undefined;
};
