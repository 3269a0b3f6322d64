import { describe, expect, it } from 'vitest';
import { type ConnectionConfig, parseDatabaseUrl } from '../src/connection.js';

const targetOf = ({ hosts, client: { user, password }, database }: ConnectionConfig) => ({
  hosts: hosts.map(({ host, port }) => `${host}:${port}`),
  user,
  password,
  database,
});

/** What a connection tries: `tls`, `plain`, or with which checks. */
const waysOf = ({ tls }: ConnectionConfig) =>
  tls.map((options) => {
    if (options === false) return 'plain';
    if (options.rejectUnauthorized === false) return 'tls';
    return options.checkServerIdentity === undefined ? 'tls, certificate and name' : 'tls, certificate';
  });

describe('DATABASE_URL', () => {
  it.each([
    'postgresql://',
    'postgres://',
    'postgresql+psycopg2://',
    'postgresql+psycopg://',
    'POSTGRESQL+PSYCOPG2://',
  ])('is read with the scheme %s', (scheme) => {
    expect(targetOf(parseDatabaseUrl(`${scheme}alice:secret@db:5433/products_db`))).toEqual({
      hosts: ['db:5433'],
      user: 'alice',
      password: 'secret',
      database: 'products_db',
    });
  });

  it.each([
    // What libpq reads there: neither is a mistake.
    ['postgresql://h2:5433#s3cret@host/db', ['host:5432'], 'h2', '5433#s3cret'],
    ['postgresql://127.0.0.1,localhost:5433/db', ['127.0.0.1:5432', 'localhost:5433'], undefined, undefined],
    ['postgresql://u:p%40ss%2F%23%3F@a:1,b:2,c/db', ['a:1', 'b:2', 'c:5432'], 'u', 'p@ss/#?'],
    ['postgresql://u@[::1]:5433,[fe80::1]/db', ['::1:5433', 'fe80::1:5432'], 'u', undefined],
    ['postgresql://u@/db?host=/var/run/postgresql&port=5433', ['/var/run/postgresql:5433'], 'u', undefined],
    ['postgresql://u@%2Frun%2Fpg/db', ['/run/pg:5432'], 'u', undefined],
    ['postgresql:///db?host=a,b&port=5433&user=u&password=p%26q', ['a:5433', 'b:5433'], 'u', 'p&q'],
    ['postgresql:///db', ['localhost:5432'], undefined, undefined],
  ])('%s names hosts, user and password as libpq reads them', (url, hosts, user, password) => {
    expect(targetOf(parseDatabaseUrl(url))).toEqual({ hosts, user, password, database: 'db' });
  });

  it('is described without user and password', () => {
    const { description } = parseDatabaseUrl('postgresql://alice:canary@a:5433,b/products_db?sslmode=require');
    expect(description).toBe('a:5433,b:5432/products_db');
  });

  it.each([
    ['', ['tls', 'plain']],
    ['sslmode=disable', ['plain']],
    ['sslmode=allow', ['plain', 'tls']],
    ['sslmode=prefer', ['tls', 'plain']],
    ['sslmode=require', ['tls']],
    ['ssl=true', ['tls']],
    ['sslmode=verify-ca', ['tls, certificate']],
    ['sslmode=verify-full', ['tls, certificate and name']],
    ['sslrootcert=system', ['tls, certificate and name']],
  ])('with « %s » tries TLS as libpq does', (query, ways) => {
    expect(waysOf(parseDatabaseUrl(`postgresql://db/products_db?${query}`))).toEqual(ways);
  });

  it('is completed by libpq’s variables where it is silent, and only there', () => {
    const environment = {
      PGHOST: 'elsewhere',
      PGPORT: '6000',
      PGUSER: 'bob',
      PGPASSWORD: 'from-variable',
      PGSSLMODE: 'require',
      PGTARGETSESSIONATTRS: 'read-write',
      PGCONNECT_TIMEOUT: '3',
      PGAPPNAME: 'shop',
      PGOPTIONS: '-c work_mem=8MB',
    };
    const silent = parseDatabaseUrl('postgresql:///db', environment);
    expect(targetOf(silent)).toMatchObject({ hosts: ['elsewhere:6000'], user: 'bob', password: 'from-variable' });
    expect(waysOf(silent)).toEqual(['tls']);
    expect(silent).toMatchObject({
      sessionTarget: 'read-write',
      connectTimeoutMs: 3_000,
      client: { application_name: 'shop', options: '-c work_mem=8MB' },
    });
    const full = parseDatabaseUrl('postgresql://alice:secret@db:5433/x?sslmode=disable', environment);
    expect(targetOf(full)).toMatchObject({ hosts: ['db:5433'], user: 'alice', password: 'secret' });
    expect(waysOf(full)).toEqual(['plain']);
  });

  it('gives the connect_timeout in seconds, for each host', () => {
    const timeoutOf = (url: string) => parseDatabaseUrl(url).connectTimeoutMs;
    expect(timeoutOf('postgresql://db/x?connect_timeout=3')).toBe(3_000);
    expect(timeoutOf('postgresql://db/x')).toBe(5_000);
    expect(timeoutOf('postgresql://a,b/x')).toBe(2_000);
  });

  it.each([
    ['sslmode=bogus', /sslmode=bogus.*require/],
    ['target_session_attrs=master', /target_session_attrs=master.*read-write/],
    ['connect_timeout=soon', /connect_timeout=soon/],
    ['gssencmode=require', /gssencmode=require.*disable, prefer/],
    ['channel_binding=require', /channel_binding=require/],
    ['service=shop', /paramètre service inconnu/],
    ['hostaddr=127.0.0.1', /paramètre hostaddr inconnu/],
    ['sslrootcert=system&sslmode=require', /sslrootcert=system demande sslmode=verify-full/],
    ['sslmode=verify-ca&sslrootcert=/nowhere/root.crt', /sslrootcert.*nowhere\/root\.crt/],
    ['sslcert=/nowhere/client.crt&sslmode=require', /sslcert.*nowhere\/client\.crt/],
    ['host=a,b&port=1,2,3', /3 ports pour 2 hôtes/],
    ['host=a,b&port=1,99999', /le port de l’hôte 2/],
    ['application_name', /application_name n’a pas de valeur/],
  ])('with %s stops the start, which names that part', (query, message) => {
    const url = `postgresql://u:canary@/x?${query}`;
    expect(() => parseDatabaseUrl(url)).toThrow(message);
    expect(() => parseDatabaseUrl(url)).not.toThrow(/canary/);
  });

  it.each([
    [{ PGSSLMODE: 'bogus' }, /PGSSLMODE=bogus/],
    [{ PGSERVICE: 'shop' }, /PGSERVICE/],
    [{ PGHOSTADDR: '127.0.0.1' }, /PGHOSTADDR/],
  ])('with the variable %j stops the start, which names it', (environment, message) => {
    expect(() => parseDatabaseUrl('postgresql://db/x', environment)).toThrow(message);
  });

  it.each([
    'mysql://root:canary@db/x',
    'canary',
    'postgresql:/canary',
    'postgresql://u:canary@db:port/x',
    'postgresql://u:can/ary@db/x',
    'postgresql://u:can@ary@db/x',
    'postgresql://u:can%ary@db/x',
  ])('is refused as %s, without repeating what may be a password', (url) => {
    expect(() => parseDatabaseUrl(url)).toThrow(TypeError);
    expect(() => parseDatabaseUrl(url)).toThrow(/URL PostgreSQL/);
    expect(() => parseDatabaseUrl(url)).not.toThrow(/can|ary/);
  });
});
