import { expect } from 'vitest';
import { bearer, type TestApp, testApp } from './app.fixture.ts';
import { ASYNC, createCells, nameOf, oneEndpoint, oneFile, oneVideo } from './matrix.fixture.ts';
import { type RouteTrait, traitsOf } from './route.ts';
import { allRoutes } from './routes.ts';

/**
 * What somebody with a key may send to bring the server down, to read what is not theirs, or to have something run in
 * another's browser. Whatever it is, the answer is one of ours: no 5xx, no stack, no type that a browser would run.
 */
export interface HostileStage {
  readonly test: TestApp;
  readonly all: readonly RouteTrait[];
  /** Sends it with a key, and holds the answer to being one of ours. @param column what it is counted under */
  send(trait: RouteTrait, url: string, more: object, column: string, what: string): Promise<Injected>;
  cell(column: string): void;
  /** How much was tried. */
  told(): string;
  close(): Promise<void>;
}

export interface Injected {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

const TYPES = /^(application\/json|text\/event-stream|video\/mp4|image\/(png|webp|jpeg|bmp)|application\/octet-stream)/;

/** One of our answers, and nothing that was not meant for the caller. */
function expectSane({ lines }: TestApp, answer: Injected, what: string): void {
  expect(answer.statusCode, what).toBeLessThan(500);
  expect(answer.headers['x-content-type-options'], what).toBe('nosniff');
  expect(answer.headers['content-security-policy'], what).toMatch(/default-src 'none'/);
  if (answer.body !== '') expect(answer.headers['content-type'], what).toMatch(TYPES);
  expect(answer.body, what).not.toMatch(/node_modules\/|\.ts:\d|SQLITE|syntax error| {4}at /);
  for (const { level, facts } of lines) expect(level, `${what} ${JSON.stringify(facts)}`).not.toBe('error');
}

export async function openHostileStage(): Promise<HostileStage> {
  const test = await testApp();
  const { cell, told } = createCells();
  return {
    test,
    all: traitsOf(allRoutes(test.parts)),
    cell,
    async send(trait, url, more, column, what) {
      const headers = { ...bearer(test.alice), ...ASYNC, ...('headers' in more ? (more.headers as object) : {}) };
      const answer = await test.app.inject({ method: trait.method, url, ...more, headers });
      cell(column);
      expectSane(test, answer, `${nameOf(trait)} ${what.slice(0, 200)}`);
      return answer;
    },
    told,
    close: () => test[Symbol.asyncDispose](),
  };
}

/** After everything that was tried. */
export async function expectWorks({ test }: HostileStage): Promise<void> {
  const id = await oneVideo(test);
  await test.worker.succeed(id);
  expect((await test.app.inject({ url: `/v1/videos/${id}`, headers: bearer(test.alice) })).json()).toMatchObject({
    status: 'succeeded',
  });
  expect(await oneFile(test)).toMatch(/^file_/);
  expect(await oneEndpoint(test)).toMatch(/^whe_/);
  expect(test.lines.filter(({ level }) => level === 'error')).toEqual([]);
}

/** The address of a route, with this wherever a value belongs. */
export const filled = (trait: RouteTrait, value = 'video_00000000000000000000000000') =>
  trait.path.replace(':owner/:folder', `${value}/${'0'.repeat(32)}`).replace(/:\w+/, value);

/** Texts that have broken servers. */
export const ATTACKS = [
  "' OR '1'='1",
  "'; DROP TABLE video; --",
  '" OR ""="',
  '1) UNION SELECT hash FROM api_key --',
  '%',
  '_',
  '%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%',
  '\\',
  '$1',
  '$' + '{jndi:ldap://127.0.0.1/a}',
  '{{7*7}}',
  '$(id)',
  '`id`',
  '| id',
  '../../../../etc/passwd',
  '..\\..\\windows',
  '....//....//',
  '/etc/passwd\u0000.png',
  '\u0000',
  '\r\nSet-Cookie: a=b',
  '\u202e\u2066',
  '😺'.repeat(20),
  '\ud800',
  '__proto__',
  'constructor',
  'toString',
  'null',
  'undefined',
  'NaN',
  '-1',
  '1e309',
  '9'.repeat(400),
  'a'.repeat(5_000),
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  'javascript:alert(1)',
] as const;
