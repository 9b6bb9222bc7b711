import { beforeEach, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { LogCapture } from '../../test/support/log-capture.js';
import { AppLogger } from './logger.js';

const FORGED = '[Millrace] 1  - 2030-01-01T00:00:00.000Z     LOG [Access] POST /v1/chat/completions 200 stop';
/** What an author's error, a name from outside or an upstream could hold. */
const HOSTILE = `x\r\n${FORGED}\n\x1b[2J\x9b31m\u202eevil\u2066\u2028\u200b\x7f`;
const INVISIBLE = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

describe('AppLogger', () => {
  let log: LogCapture;
  beforeEach(() => {
    log = new LogCapture();
  });

  const logEveryKind = (logger: AppLogger): void => {
    const error = new Error(HOSTILE);
    error.name = HOSTILE;
    logger.log(HOSTILE, 'Access');
    logger.warn('x', HOSTILE);
    logger.log({ [HOSTILE]: HOSTILE }, 'Access');
    logger.log(error, 'Access');
    logger.log('fields', { field: HOSTILE }, 'Access');
    logger.error('failed', error.stack, 'Runs');
    logger.error(HOSTILE, `${HOSTILE}\n    at x (y.js:1:1)`);
    logger.fatal(HOSTILE);
  };

  it('writes pretty lines that no text can forge, break or turn around', () => {
    logEveryKind(new AppLogger({ level: 'log', format: 'pretty' }));
    expect(log.text).not.toMatch(INVISIBLE);
    expect(log.text.split('\n').filter((line) => /^\S/.test(line))).toHaveLength(8);
    expect(log.text).not.toMatch(/^(?!\[Millrace\] \d+ {2}- \d{4}-)\S/m);
  });

  it('writes JSON lines in the same way, without changing a value', () => {
    logEveryKind(new AppLogger({ level: 'log', format: 'json' }));
    expect(log.text).not.toMatch(INVISIBLE);
    const lines = log.text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines).toHaveLength(8);
    expect(lines[0]).toMatchObject({ level: 'info', message: HOSTILE, context: 'Access' });
    expect(lines[4]).toMatchObject({ message: 'fields', field: HOSTILE });
  });

  it('calls the levels in JSON lines what log collectors call them', () => {
    const logger = new AppLogger({ level: 'verbose', format: 'json' });
    for (const level of ['verbose', 'debug', 'log', 'warn', 'error', 'fatal'] as const) logger[level]('x', 'Test');
    const lines = log.text.trimEnd().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { level: string }).level)).toEqual([
      'trace',
      'debug',
      'info',
      'warn',
      'error',
      'fatal',
    ]);
  });

  it('keeps the stack of an error readable', () => {
    const logger = new Logger('Runs');
    Logger.overrideLogger(new AppLogger({ level: 'log', format: 'pretty' }));
    logger.error('failed', new Error('first\nsecond').stack);
    Logger.overrideLogger(false);
    expect(log.text).toMatch(/\[Runs\] failed\n {2}Error: first\n {4}second\n {4}at .+:\d+:\d+\)?\n/);
  });
});
