import { describe, expect, it } from 'vitest';
import { boolean, choice, integer, list, number, parseEnvironment, seconds, secret, text, url } from '../src/index.js';

const shape = {
  PORT: integer(0, 65_535).default(5_000),
  RATIO: number(0, 1).default(1),
  DELAY: seconds(0, 3_600).default(5_000),
  RECYCLE: seconds(0, 3_600, { orNever: true }).default(3_600_000),
  DEBUG: boolean().default(false),
  LEVEL: choice(['DEBUG', 'INFO']).optional(),
  ORIGINS: list('origines', (word) => word === '*' || URL.canParse(word)).default(['*']),
  ENDPOINT: url().optional(),
  PASSWORD: secret(integer(1, 2)).optional(),
  NAME: text().default('anonyme'),
};

const read = (environment: Record<string, string>) => parseEnvironment(shape, environment);

describe('environment variables', () => {
  it('take their defaults when unset, and blank is unset', () => {
    const defaults = read({}).values;
    expect(defaults).toMatchObject({ PORT: 5_000, DELAY: 5_000, DEBUG: false, ORIGINS: ['*'] });
    expect(read({ PORT: '', DELAY: '  ', LEVEL: '\t' }).values).toEqual(defaults);
  });

  it.each([
    [{ PORT: ' 6000 ' }, { PORT: 6_000 }],
    [{ RATIO: '0.25' }, { RATIO: 0.25 }],
    [{ DELAY: '0.5' }, { DELAY: 500 }],
    [{ RECYCLE: '-1' }, { RECYCLE: -1 }],
    [{ DEBUG: 'True' }, { DEBUG: true }],
    [{ DEBUG: 'off' }, { DEBUG: false }],
    [{ LEVEL: 'debug' }, { LEVEL: 'DEBUG' }],
    [{ ORIGINS: 'http://a.example, http://b.example,' }, { ORIGINS: ['http://a.example', 'http://b.example'] }],
    [{ ENDPOINT: 'https://collector.example/x' }, { ENDPOINT: 'https://collector.example/x' }],
  ])('are read from %o as %o, durations from seconds to milliseconds', (environment, expected) => {
    const { values, problems } = read(environment as Record<string, string>);
    expect(problems).toEqual([]);
    expect(values).toMatchObject(expected);
  });

  it.each([
    ['PORT', '65536'],
    ['PORT', '0x10'],
    ['PORT', '1.5'],
    ['PORT', '1e3'],
    ['RATIO', '1.01'],
    ['RATIO', 'NaN'],
    ['DELAY', '-1'],
    ['DELAY', '5s'],
    ['RECYCLE', '-2'],
    ['DEBUG', 'peut-être'],
    ['LEVEL', 'TRACE'],
    ['ORIGINS', ','],
    ['ORIGINS', 'https://a.example,pas une origine'],
    ['ENDPOINT', 'ftp://host'],
    ['ENDPOINT', 'http://'],
  ])('%s=%s is a problem that names variable, value and what is allowed, and leaves the default', (variable, value) => {
    const { values, problems } = read({ [variable]: value });
    expect(problems.map((problem) => problem.variable)).toEqual([variable]);
    expect(problems[0]?.message).toContain(`${variable}=${JSON.stringify(value)}`);
    expect(problems[0]?.message).toMatch(/attendu : .+/);
    expect(values).toEqual(read({}).values);
  });

  it('are all checked before any is reported', () => {
    const { problems } = read({ PORT: 'a', DEBUG: 'b', LEVEL: 'c' });
    expect(problems.map(({ variable }) => variable).sort()).toEqual(['DEBUG', 'LEVEL', 'PORT']);
  });

  it('never show a secret', () => {
    const { problems } = read({ PASSWORD: 'canary-secret' });
    expect(problems[0]?.message).toContain('PASSWORD');
    expect(JSON.stringify(problems)).not.toContain('canary');
  });
});
