import { describe, expect, test } from 'vitest';
import { Fault } from '../../domain/fault.ts';
import { createLog, type LogOptions } from './log.ts';
import { newSecret } from './secret.ts';

function logTo(options: Partial<LogOptions> & { isTTY?: boolean } = {}) {
  const lines: string[] = [];
  const stream = { write: (line: string) => lines.push(line), isTTY: options.isTTY };
  return { log: createLog({ level: 'debug', format: 'auto', ...options, stream }), lines };
}

describe('as JSON', () => {
  test('one object per line, with level and time in words', () => {
    const { log, lines } = logTo();
    log.info({ video: 'video_1', count: 2 }, 'a video was made');
    expect(lines).toHaveLength(1);
    expect(lines[0]?.endsWith('}\n')).toBe(true);
    const entry = JSON.parse(lines[0] ?? '');
    expect(entry).toMatchObject({ level: 'info', message: 'a video was made', video: 'video_1', count: 2 });
    expect(new Date(entry.time).getTime()).toBeGreaterThan(Date.now() - 60_000);
  });

  test('also on a terminal when asked for', () => {
    const { log, lines } = logTo({ format: 'json', isTTY: true });
    log.warn({}, 'x');
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 'warn' });
  });

  test('without secrets', () => {
    const { log, lines } = logTo();
    const secret = newSecret();
    log.error({ headers: { authorization: `Bearer ${secret}` }, error: new Error(secret) }, `with ${secret}`);
    expect(lines.join()).not.toContain(secret);
  });
});

describe('for a person', () => {
  test('one short line on a terminal', () => {
    const { log, lines } = logTo({ isTTY: true });
    log.info({ video: 'video_1', size: '720P', note: 'two words' }, 'a video was made');
    expect(lines.join()).toMatch(
      /^\d\d:\d\d:\d\d info {2}a video was made video=video_1 size=720P note="two words"\n$/,
    );
  });

  test('an expected failure with its causes, without a stack', () => {
    const { log, lines } = logTo({ format: 'pretty' });
    const error = new Fault('image_unreachable', 'no such place', { cause: new Error('ENOTFOUND') });
    log.info({ error }, 'a fetch failed');
    expect(lines.join().slice(9)).toBe('info  a fetch failed error="Fault: no such place ← Error: ENOTFOUND"\n');
  });

  test('a bug with its stack', () => {
    const { log, lines } = logTo({ format: 'pretty' });
    log.error({ error: new Error('bug') }, 'a lane failed');
    expect(lines.join()).toMatch(/error a lane failed error="Error: bug"\n {9}at .*log\.test\.ts/);
  });

  test('nothing a caller wrote can forge a line or move the cursor', () => {
    const { log, lines } = logTo({ format: 'pretty' });
    log.info({ name: 'a\n12:00:00 info  forged', ['k\u001b[2J']: 'x\u009b2J' }, 'm\r\n\u001b[31m');
    expect(lines.join().split('\n')).toHaveLength(2);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
    expect(lines.join().trimEnd()).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
  });
});

test.each([
  ['debug', 4],
  ['info', 3],
  ['warn', 2],
  ['error', 1],
  ['silent', 0],
] as const)('level %s lets %i of four through', (level, count) => {
  const { log, lines } = logTo({ level });
  log.debug({}, 'd');
  log.info({}, 'i');
  log.warn({}, 'w');
  log.error({}, 'e');
  expect(lines).toHaveLength(count);
});
