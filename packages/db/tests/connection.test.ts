import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { parseDatabaseUrl } from '../src/connection.js';

const targetOf = (url: string) => {
  const { host, port, user, database } = new pg.Client(parseDatabaseUrl(url));
  return { host, port, user, database };
};

describe('DATABASE_URL', () => {
  it.each([
    'postgresql://',
    'postgres://',
    'postgresql+psycopg2://',
    'postgresql+psycopg://',
    'POSTGRESQL+PSYCOPG2://',
  ])('is read with the scheme %s', (scheme) => {
    expect(targetOf(`${scheme}alice:secret@db:5433/products_db`)).toEqual({
      host: 'db',
      port: 5_433,
      user: 'alice',
      database: 'products_db',
    });
  });

  it('is described without user and password', () => {
    const { description } = parseDatabaseUrl('postgresql://alice:canary@db:5433/products_db?sslmode=require');
    expect(description).toBe('db:5433/products_db');
  });

  it.each([
    ['disable', false],
    ['allow', false],
    ['prefer', false],
    ['require', { rejectUnauthorized: false }],
  ])('has sslmode=%s with libpq’s meaning: encryption without a check of the certificate', (sslmode, ssl) => {
    const client = new pg.Client(parseDatabaseUrl(`postgresql://db/products_db?sslmode=${sslmode}`));
    expect(client).toHaveProperty('ssl');
    expect(client.ssl).toEqual(ssl);
  });

  it('says which certificate file is missing', () => {
    const url = 'postgresql://u:canary@db/x?sslmode=verify-ca&sslrootcert=/nowhere/root.crt';
    expect(() => parseDatabaseUrl(url)).toThrow(/nowhere\/root\.crt/);
    expect(() => parseDatabaseUrl(url)).not.toThrow(/canary/);
  });

  it('gives the connect_timeout in seconds', () => {
    expect(parseDatabaseUrl('postgresql://db/x?connect_timeout=3').connectionTimeoutMillis).toBe(3_000);
    expect(parseDatabaseUrl('postgresql://db/x').connectionTimeoutMillis).toBe(5_000);
  });

  it('is refused with an unknown sslmode, which names the known ones', () => {
    expect(() => parseDatabaseUrl('postgresql://u:canary@db/x?sslmode=bogus')).toThrow(/sslmode=bogus.*require/);
  });

  it.each(['mysql://root:canary@db/x', 'canary', 'postgresql:/canary', 'postgresql://u:canary@db:port/x'])(
    'is refused as %s, without repeating what may be a password',
    (url) => {
      expect(() => parseDatabaseUrl(url)).toThrow(TypeError);
      expect(() => parseDatabaseUrl(url)).toThrow(/URL PostgreSQL/);
      expect(() => parseDatabaseUrl(url)).not.toThrow(/canary/);
    },
  );
});
