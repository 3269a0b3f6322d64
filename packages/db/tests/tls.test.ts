import { chownSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { generate } from 'selfsigned';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseDatabaseUrl } from '../src/connection.js';
import { Connector, connectOnce } from '../src/connector.js';
import { type EmbeddedDatabase, startEmbeddedDatabase } from '../src/embedded/index.js';
import { ConnectionPool } from '../src/pool.js';

// A server of its own that offers TLS, and one that has none.

const folder = mkdtempSync(path.join(tmpdir(), 'products-tls-'));
const certificate = path.join(folder, 'server.crt');
let withTls: EmbeddedDatabase;
let withoutTls: EmbeddedDatabase;

beforeAll(async () => {
  const { cert, private: key } = await generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec',
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }] }],
  });
  writeFileSync(certificate, cert);
  withoutTls = await startEmbeddedDatabase({ folder: path.join(folder, 'plain') });
  const secure = path.join(folder, 'secure');
  await (await startEmbeddedDatabase({ folder: secure })).stop();
  putIntoData('server.crt', cert);
  putIntoData('server.key', key);
  withTls = await startEmbeddedDatabase({ folder: secure, settings: { ssl: 'on' } });
});
afterAll(async () => {
  await Promise.all([withTls.stop(), withoutTls.stop()]);
  rmSync(folder, { recursive: true, force: true });
});

/** As a file of the server's account, which nobody else may read. */
function putIntoData(name: string, content: string): void {
  const data = path.join(folder, 'secure/data');
  const { uid, gid } = statSync(data);
  writeFileSync(path.join(data, name), content, { mode: 0o600 });
  chownSync(path.join(data, name), uid, gid);
}

/** Lets connections in by these lines of pg_hba.conf alone. */
async function admit(lines: string): Promise<void> {
  putIntoData('pg_hba.conf', lines);
  const administration = new URL(withTls.url);
  administration.searchParams.set('sslmode', 'prefer');
  const client = await connectOnce(parseDatabaseUrl(administration.href));
  await client.query('SELECT pg_reload_conf()');
  await client.end();
}

/** Whether a statement of the service's pool runs with TLS. */
async function usesTls({ url }: EmbeddedDatabase, parameters: string, environment = {}): Promise<boolean> {
  const target = new URL(url.replace('127.0.0.1', 'localhost'));
  target.search = parameters;
  const pool = new ConnectionPool(new Connector(parseDatabaseUrl(target.href, environment)), {
    size: 1,
    maxOverflow: 0,
    recycleMs: -1,
    timeoutMs: 5_000,
    queueMax: 10,
    queryTimeoutMs: 5_000,
    preparedStatements: true,
  });
  try {
    const [row] = await pool.query<{ ssl: boolean }>(
      { text: 'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()' },
      [],
      { signal: new AbortController().signal, connection: {}, peer: '' },
    );
    return row?.ssl ?? false;
  } finally {
    await pool.end();
  }
}

describe('on a server that offers TLS', () => {
  it.each([
    ['', true],
    ['sslmode=prefer', true],
    ['sslmode=require', true],
    ['sslmode=allow', false],
    ['sslmode=disable', false],
    [`sslmode=verify-ca&sslrootcert=${certificate}`, true],
    [`sslmode=verify-full&sslrootcert=${certificate}`, true],
  ])('« %s » connects, with TLS: %s', async (parameters, isSecure) => {
    expect(await usesTls(withTls, parameters)).toBe(isSecure);
  });

  it('the variables of libpq do the same', async () => {
    expect(await usesTls(withTls, '', { PGSSLMODE: 'verify-full', PGSSLROOTCERT: certificate })).toBe(true);
    expect(await usesTls(withTls, '', { PGSSLMODE: 'disable' })).toBe(false);
  });

  it.each(['sslmode=verify-full', 'sslrootcert=system'])(
    '« %s » does not connect to one whose certificate nobody has signed, and does not fall back',
    async (parameters) => {
      await expect(usesTls(withTls, parameters)).rejects.toThrow(/self.signed certificate/);
    },
  );

  it('that insists on it, by default as with « allow »; « disable » is refused', async () => {
    await admit('hostnossl all all all reject\nhost all all all scram-sha-256\n');
    expect(await usesTls(withTls, '')).toBe(true);
    expect(await usesTls(withTls, 'sslmode=allow')).toBe(true);
    await expect(usesTls(withTls, 'sslmode=disable')).rejects.toThrow(/no encryption/);
  });

  it('that refuses it, without it by default; « require » is refused', async () => {
    await admit('hostssl all all all reject\nhost all all all scram-sha-256\n');
    expect(await usesTls(withTls, '')).toBe(false);
    await expect(usesTls(withTls, 'sslmode=require')).rejects.toThrow(/SSL encryption/);
  });
});

describe('on a server without TLS', () => {
  it.each(['', 'sslmode=prefer', 'sslmode=allow', 'sslmode=disable'])(
    '« %s » connects without it',
    async (parameters) => {
      expect(await usesTls(withoutTls, parameters)).toBe(false);
    },
  );

  it.each(['sslmode=require', `sslmode=verify-ca&sslrootcert=${certificate}`])(
    '« %s » does not connect',
    async (parameters) => {
      await expect(usesTls(withoutTls, parameters)).rejects.toThrow(/does not support SSL/);
    },
  );
});
