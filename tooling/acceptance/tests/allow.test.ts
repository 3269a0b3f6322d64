import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type AllowedDifference, findAllowance, readAllowList } from '../src/parity/allow.js';
import type { Difference } from '../src/parity/difference.js';

const difference: Difference = { request: 'GET /products/1.5', kind: 'status', name: '', a: '404', b: '400' };
const entry: AllowedDifference = { reason: 'malformed', kind: 'status' };

describe('an entry', () => {
  it.each<[string, Partial<AllowedDifference>]>([
    ['of the kind alone', {}],
    ['of several kinds', { kind: ['body', 'status'] }],
    ['with a wildcard', { request: 'GET /products/*' }],
    ['with several texts', { request: ['GET /', 'GET /products/1.5'] }],
    ['with both values', { a: '404', b: '4*' }],
  ])('%s allows', (_, changes) => {
    expect(findAllowance(difference, [{ ...entry, ...changes }])).toBeDefined();
  });

  it.each<[string, Partial<AllowedDifference>]>([
    ['of another kind', { kind: 'body' }],
    ['of another request', { request: 'GET /products/1x5' }],
    ['of a part of the request', { request: 'GET /products/1' }],
    ['of another value', { a: '404', b: '404' }],
    ['of no value', { a: null }],
  ])('%s does not', (_, changes) => {
    expect(findAllowance(difference, [{ ...entry, ...changes }])).toBeUndefined();
  });

  it('of no value allows what is not there, and only that', () => {
    const added: Difference = { request: 'GET /', kind: 'header', name: 'x', a: null, b: '1' };
    expect(findAllowance(added, [{ reason: 'new', kind: 'header', a: null }])).toBeDefined();
    expect(findAllowance(added, [{ reason: 'new', kind: 'header', a: '*' }])).toBeUndefined();
  });
});

describe('a file', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'products-allow-'));
  const file = path.join(folder, 'allow.json');
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each<[unknown, string]>([
    [{}, 'expected an array'],
    [[{ kind: 'status' }], 'entry 0: a reason is missing'],
    [[entry, { ...entry, kind: 'cookie' }], 'entry 1: kind "cookie", expected status'],
    [[{ ...entry, path: '/' }], 'unknown key "path"'],
    [[{ ...entry, name: 1 }], 'name: expected text'],
    [[{ ...entry, name: null }], 'name: expected text'],
  ])('%j is refused', (content, problem) => {
    writeFileSync(file, JSON.stringify(content));
    expect(() => readAllowList(file)).toThrow(problem);
  });

  it('is taken as it is', () => {
    const entries = [entry, { ...entry, a: null, b: ['1', '2'] }];
    writeFileSync(file, JSON.stringify(entries));
    expect(readAllowList(file)).toEqual(entries);
  });
});
