/** The variables of a process. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * libpq's connection parameters that this package honours, each with the variable that stands in for it
 * (https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS). `allowed`: its only values; for the
 * others the connection would not be what they promise.
 */
const parameters = {
  host: { variable: 'PGHOST' },
  port: { variable: 'PGPORT' },
  dbname: { variable: 'PGDATABASE' },
  user: { variable: 'PGUSER' },
  password: { variable: 'PGPASSWORD' },
  connect_timeout: { variable: 'PGCONNECT_TIMEOUT' },
  target_session_attrs: {
    variable: 'PGTARGETSESSIONATTRS',
    allowed: ['any', 'read-write', 'read-only', 'primary', 'standby', 'prefer-standby'],
  },
  application_name: { variable: 'PGAPPNAME' },
  fallback_application_name: {},
  options: { variable: 'PGOPTIONS' },
  client_encoding: { variable: 'PGCLIENTENCODING', allowed: ['utf8', 'UTF8', 'utf-8', 'UTF-8', 'auto'] },
  sslmode: {
    variable: 'PGSSLMODE',
    allowed: ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'],
  },
  sslrootcert: { variable: 'PGSSLROOTCERT' },
  sslcert: { variable: 'PGSSLCERT' },
  sslkey: { variable: 'PGSSLKEY' },
  sslcrl: { variable: 'PGSSLCRL' },
  sslnegotiation: { variable: 'PGSSLNEGOTIATION', allowed: ['postgres'] },
  sslsni: { variable: 'PGSSLSNI', allowed: ['1'] },
  sslcompression: { variable: 'PGSSLCOMPRESSION', allowed: ['0'] },
  gssencmode: { variable: 'PGGSSENCMODE', allowed: ['disable', 'prefer'] },
  channel_binding: { variable: 'PGCHANNELBINDING', allowed: ['disable', 'prefer'] },
  load_balance_hosts: { variable: 'PGLOADBALANCEHOSTS', allowed: ['disable'] },
  keepalives: { allowed: ['1'] },
  keepalives_idle: {},
} as const satisfies Readonly<Record<string, Rule>>;

interface Rule {
  readonly variable?: string;
  readonly allowed?: readonly string[];
}

type Parameter = keyof typeof parameters;

const rules: Readonly<Record<Parameter, Rule>> = parameters;

/** Variables of libpq that name another source of parameters, which this package does not read. */
const UNREAD_VARIABLES = ['PGHOSTADDR', 'PGSERVICE', 'PGREQUIRESSL', 'PGREQUIREPEER', 'PGREQUIREAUTH'];

/** The parameters of a connection, by their names in libpq. */
export type Parameters = Readonly<Partial<Record<Parameter, string>>>;

/** `[user[:password]@][host][:port][,…][/dbname][?name=value&…]`, split where libpq splits it. */
const URL_PARTS =
  /^postgres(?:ql)?(?:\+[a-z0-9_]+)?:\/\/(?:(?<user>[^:@/]*)(?::(?<password>[^@/]*))?@)?(?<hosts>[^/?]*)(?:\/(?<dbname>[^?]*))?(?:\?(?<query>.*))?$/is;

const FORM = 'URL PostgreSQL attendue, de la forme postgresql://utilisateur:motdepasse@hote:5432/base';
const ENCODED = 'les caractères spéciaux du mot de passe s’écrivent encodés (%40 pour @, %2F pour /)';

/**
 * Reads a connection URL as libpq does (https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS),
 * with SQLAlchemy's driver suffix. Where it is silent the variables of libpq count.
 *
 * @throws {TypeError} that names the part that cannot be read or honoured, and repeats nothing that may be a password.
 */
export function readParameters(databaseUrl: string, environment: Environment): Parameters {
  const parts = URL_PARTS.exec(databaseUrl.trim())?.groups;
  if (parts === undefined) throw new TypeError(FORM);
  const { user, password, dbname, query = '' } = parts;
  const given: Record<string, string> = {};
  const set = (name: Parameter, text: string | undefined) => {
    if (text !== undefined && text !== '') given[name] = decode(text, name);
  };
  set('user', user);
  set('password', password);
  set('dbname', dbname);
  for (const [name, value] of Object.entries(splitHosts(parts['hosts'] ?? ''))) set(name as Parameter, value);
  for (const pair of query === '' ? [] : query.split('&')) Object.assign(given, readPair(pair));
  for (const variable of UNREAD_VARIABLES) {
    if (environment[variable]) throw new TypeError(`${variable} n’est pas pris en charge`);
  }
  for (const name of Object.keys(rules) as Parameter[]) {
    const { variable } = rules[name];
    const value = variable === undefined ? undefined : environment[variable];
    if (given[name] === undefined && value) given[name] = assertAllowed(name, value, variable);
  }
  return given;
}

/** `a:5433,b` is `host=a,b` and `port=5433,`. An IPv6 address stands in brackets. */
function splitHosts(text: string): { host?: string; port?: string } {
  if (text === '') return {};
  const hosts: string[] = [];
  const ports: string[] = [];
  for (const one of text.split(',')) {
    const match = /^(?:\[(?<v6>[0-9a-f:.%]+)\]|(?<name>[^:[\]@]*))(?::(?<port>\d*))?$/i.exec(one)?.groups;
    if (match === undefined) {
      throw new TypeError(`URL PostgreSQL illisible : hôte ou port malformé ; ${ENCODED}`);
    }
    hosts.push(match['v6'] ?? match['name'] ?? '');
    ports.push(match['port'] ?? '');
  }
  const host = hosts.join(',');
  const port = ports.join(',');
  return { ...(/[^,]/.test(host) ? { host } : {}), ...(/[^,]/.test(port) ? { port } : {}) };
}

function readPair(pair: string): Parameters {
  const [rawName = '', rawValue] = pair.split(/=(.*)/s);
  const name = decode(rawName, 'le nom d’un paramètre');
  if (rawValue === undefined) throw new TypeError(`URL PostgreSQL illisible : le paramètre ${name} n’a pas de valeur`);
  const value = decode(rawValue, name);
  // JDBC's way, which libpq understands; node-postgres's name for what is always done here.
  if (name === 'ssl' && value === 'true') return { sslmode: 'require' };
  if (name === 'uselibpqcompat') return {};
  if (!isParameter(name)) {
    throw new TypeError(
      `paramètre ${name} inconnu ou non pris en charge : ${Object.keys(rules).join(', ')} sont possibles`,
    );
  }
  return value === '' ? {} : { [name]: assertAllowed(name, value) };
}

function isParameter(name: string): name is Parameter {
  return Object.hasOwn(rules, name);
}

/** @param shownAs the variable that the value is from, where it is from one */
function assertAllowed(name: Parameter, value: string, shownAs: string = name): string {
  const { allowed } = rules[name];
  if (allowed === undefined || allowed.includes(value)) return value;
  throw new TypeError(`${shownAs}=${value} inconnu ou non pris en charge : ${allowed.join(', ')} possibles`);
}

function decode(text: string, part: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new TypeError(`URL PostgreSQL illisible : ${part} a un % suivi d’autre chose que deux chiffres ; ${ENCODED}`);
  }
}
