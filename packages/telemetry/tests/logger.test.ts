import { describe, expect, it } from 'vitest';
import { createLogger, type LogLevel } from '../src/index.js';

function capture(level: LogLevel) {
  const texts: string[] = [];
  const logger = createLogger(level, { write: (line) => void texts.push(line) });
  return { logger, texts, lines: () => texts.map((text) => JSON.parse(text)) };
}

describe('a log line', () => {
  it('is one JSON object with timestamp, level, service and message, and the fields given', () => {
    const { logger, texts, lines } = capture('INFO');
    logger.info('10 produits récupérés', { count: 10 });
    expect(texts).toHaveLength(1);
    expect(texts[0]?.endsWith('}\n')).toBe(true);
    expect(lines()).toEqual([
      {
        timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/),
        level: 'INFO',
        service: 'backend',
        message: '10 produits récupérés',
        count: 10,
      },
    ]);
  });

  it('has its time in UTC', () => {
    const { logger, lines } = capture('INFO');
    logger.info('maintenant');
    expect(Math.abs(Date.parse(`${lines()[0].timestamp.replace(' ', 'T')}Z`) - Date.now())).toBeLessThan(60_000);
  });

  it('has one of the four level names, and is left out below the configured level', () => {
    const all = capture('DEBUG');
    for (const level of ['debug', 'info', 'warning', 'error'] as const) all.logger[level](level);
    expect(all.lines().map(({ level }) => level)).toEqual(['DEBUG', 'INFO', 'WARNING', 'ERROR']);
    const few = capture('WARNING');
    for (const level of ['debug', 'info', 'warning', 'error'] as const) few.logger[level](level);
    expect(few.lines().map(({ level }) => level)).toEqual(['WARNING', 'ERROR']);
  });

  it('stays one line whatever is logged', () => {
    const { logger, texts } = capture('INFO');
    logger.info('a\nb\r\n\u2028', { path: '/x\n{"level":"ERROR"}' });
    expect(texts.join('').trimEnd()).not.toMatch(/[\n\r]/);
  });

  it('shows an error with class, text, stack and cause', () => {
    const { logger, lines } = capture('INFO');
    logger.error('Erreur', { error: new TypeError('outer', { cause: new Error('inner') }) });
    expect(lines()[0].error).toMatchObject({
      type: 'TypeError',
      message: 'outer',
      stack: expect.stringContaining('logger.test.ts'),
      cause: { type: 'Error', message: 'inner' },
    });
  });
});
