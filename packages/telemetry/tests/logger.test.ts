import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createLogger, type Logger, type LogLevel, logLevels } from '../src/index.js';

function capture(level: LogLevel) {
  const texts: string[] = [];
  const logger = createLogger(level, { write: (line) => void texts.push(line) });
  return { logger, texts, lines: () => texts.map((text) => JSON.parse(text)) };
}

function logAtEveryLevel(logger: Logger): void {
  for (const level of logLevels) {
    logger.log(level, 'request_completed', { method: 'GET', path: '/', status: 200, route: '/', duration_ms: 1 });
  }
}

describe('a log line', () => {
  it('is one JSON object with timestamp, level, service and message, and the fields given', () => {
    const { logger, texts, lines } = capture('INFO');
    logger.info('products_retrieved', { count: 10 });
    expect(texts).toHaveLength(1);
    expect(texts[0]?.endsWith('}\n')).toBe(true);
    expect(lines()).toEqual([
      {
        timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/),
        time: expect.any(Number),
        level: 'INFO',
        service: 'backend',
        message: '10 produits récupérés',
        count: 10,
      },
    ]);
  });

  it('has its time in UTC', () => {
    const { logger, lines } = capture('INFO');
    logger.info('service_stopped');
    expect(Math.abs(Date.parse(`${lines()[0].timestamp.replace(' ', 'T')}Z`) - Date.now())).toBeLessThan(60_000);
  });

  it('has one of the four level names, and is left out below the configured level', () => {
    const all = capture('DEBUG');
    logAtEveryLevel(all.logger);
    expect(all.lines().map(({ level }) => level)).toEqual(['DEBUG', 'INFO', 'WARNING', 'ERROR']);
    const few = capture('WARNING');
    logAtEveryLevel(few.logger);
    expect(few.lines().map(({ level }) => level)).toEqual(['WARNING', 'ERROR']);
  });

  it('stays one line whatever is logged', () => {
    const { logger, texts } = capture('INFO');
    logger.log('INFO', 'request_received', { method: 'a\nb\r\n\u2028', path: '/x\n{"level":"ERROR"}' });
    logger.log('INFO', 'request_received', { method: 'x\u0085\u009b', path: '/' });
    expect(texts.join('').trimEnd().split('\n')).toHaveLength(2);
    expect(texts.join('')).not.toMatch(/[\r\u0080-\u009f\u2028\u2029]/);
    expect(JSON.parse(texts[1] ?? '').method).toBe('x\u0085\u009b');
  });

  it('has every text as it was given, in its field and in the message', () => {
    const { logger, lines } = capture('INFO');
    const texts = ['/a"b', '/a\\b', '/\u0000\t\u001f', '/é😀', '/\ud800', '/\u2028', '/{method}'];
    for (const path of texts) logger.log('INFO', 'request_received', { method: 'GET', path });
    expect(lines().map(({ path }) => path)).toEqual(texts);
    expect(lines().map(({ message }) => message)).toEqual(texts.map((path) => `Requête reçue: GET ${path}`));
  });

  it('has the ids that it is given, null where there is none, and no field that is absent', () => {
    const { logger, lines } = capture('INFO');
    const trace = { trace_id: '0af7651916cd43dd8448eb211c80319c', span_id: 'b7ad6b7169203331' };
    logger.log('INFO', 'products_page_requested', { limit: 5, after: null }, trace);
    logger.warning('request_refused', { code: 'X', reason: 'Y', issues: undefined });
    expect(lines()[0]).toMatchObject({ ...trace, limit: 5, after: null });
    expect(lines()[1]).not.toHaveProperty('issues');
  });

  it('shows an error with class, text, stack and cause', () => {
    const { logger, lines } = capture('INFO');
    logger.error('uncaught_error', { error: new TypeError('outer', { cause: new Error('inner') }) });
    expect(lines()[0]).toMatchObject({
      error_type: 'TypeError',
      exc_info: expect.stringMatching(/^TypeError: outer\n +at .*logger\.test\.ts[\s\S]*\nCaused by: Error: inner\n/),
    });
    expect(lines()[0]).not.toHaveProperty('error');
  });

  it('has the stack of one error at one place once a second, and counts those left out', async () => {
    const { logger, lines } = capture('INFO');
    const fail = () => logger.error('uncaught_error', { error: new RangeError('again') });
    const failThreeTimes = () => Array.from({ length: 3 }, fail);
    failThreeTimes();
    logger.error('uncaught_error', { error: new RangeError('elsewhere') });
    await sleep(1_050);
    failThreeTimes();
    expect(lines().map(({ exc_info }) => exc_info !== undefined)).toEqual([
      true,
      false,
      false,
      true,
      true,
      false,
      false,
    ]);
    expect(lines()[4]).toMatchObject({ error_type: 'RangeError', stacks_omitted: 2 });
  });

  it('is never longer than 16,000 bytes, whatever a client sends, and says what was cut', () => {
    const { logger, texts, lines } = capture('INFO');
    for (const text of ['\u0080', '\u0001', '"', '😀', 'x'].map((character) => character.repeat(60_000))) {
      const error = new Error(text, { cause: new Error(text) });
      error.name = text;
      logger.log('INFO', 'request_received', { method: text, path: text });
      logger.error('request_failed', { code: 'X', reason: text, error });
      const issues = Array.from({ length: 1_000 }, () => ({ path: text, message: text }));
      logger.warning('request_refused', { code: 'X', reason: text, issues });
    }
    for (const text of texts) expect(Buffer.byteLength(text)).toBeLessThanOrEqual(16_000);
    expect(lines()[0].path).toMatch(/… \(coupé\)$/);
    expect(lines()[0].message).toBe(`Requête reçue: ${lines()[0].method} ${lines()[0].path}`);
  });

  it('that comes after the end of the log is dropped, and counted', async () => {
    const { logger, texts } = capture('INFO');
    await logger.end(1_000);
    logger.info('products_requested');
    expect(texts).toEqual([]);
    expect(logger.droppedLines).toBe(1);
  });

  it('that comes after the end is counted at once where lines wait to be rendered, and waits no more', async () => {
    const texts: string[] = [];
    const logger = createLogger('INFO', { write: (line) => void texts.push(line), beforeFlush: () => {} });
    logger.info('products_requested');
    expect([texts.length, logger.waitingLines]).toEqual([0, 1]);
    await logger.end(1_000);
    expect(texts).toHaveLength(1);
    logger.info('products_requested');
    expect([texts.length, logger.droppedLines, logger.waitingLines]).toEqual([1, 1, 0]);
  });
});
