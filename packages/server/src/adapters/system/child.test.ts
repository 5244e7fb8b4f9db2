import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { getCompileCacheDir } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { until } from '../../../../../test/support/until.ts';
import { type Child, type ChildLimits, entryBeside, startChild } from './child.ts';
import { isRecord } from './child-protocol.ts';
import { createInbox } from './inbox.ts';

const children: Child[] = [];

interface Started {
  readonly child: Child;
  readonly lines: string[];
  next(): Promise<unknown>;
}

function start(
  limits: Partial<ChildLimits> = {},
  signal?: AbortSignal,
  environment: Readonly<Record<string, string>> = {},
): Started {
  const inbox = createInbox<unknown>();
  const lines: string[] = [];
  const quiet = () => {};
  const child = startChild({
    name: 'fixture',
    entry: new URL('./child.fixture.ts', import.meta.url),
    limits: { memoryBytes: 1 << 30, graceMs: 200, watchMs: 20, ...limits },
    log: { debug: (facts) => lines.push(JSON.stringify(facts)), info: quiet, warn: quiet, error: quiet },
    environment: { GIVEN: 'yes', ...environment },
    onMessage: (body) => inbox.push(body),
    ...(signal === undefined ? {} : { signal }),
  });
  children.push(child);
  void child.ended.then(() => inbox.close(new Error('the child has ended')));
  const messages = inbox[Symbol.asyncIterator]();
  return { child, lines, next: async () => (await messages.next()).value };
}

/** Whether a process runs. One that is dead and waits to be reaped by a slow init does not. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'));
  } catch {
    return false;
  }
}

afterEach(async () => {
  await Promise.all(children.splice(0).map((child) => child.kill('stopped')));
});

describe('startChild', () => {
  it('carries messages both ways and ends when asked', async () => {
    const { child, next } = start();
    child.send({ order: 'echo', text: 'ä😀' });
    expect(await next()).toEqual({ order: 'echo', text: 'ä😀' });
    expect(child.residentBytes).toBeGreaterThan(10_000_000);
    const end = await child.stop();
    expect(end).toMatchObject({ reason: 'stopped', code: 0, signal: null });
    child.send({ order: 'echo' });
    expect(await child.stop()).toBe(end);
  });

  it('inherits nothing of our environment', async () => {
    const { child, next } = start();
    child.send({ order: 'environment' });
    const environment = await next();
    if (!isRecord(environment)) throw new Error('no environment was sent');
    const { NODE_CHANNEL_FD, NODE_CHANNEL_SERIALIZATION_MODE, ...rest } = environment;
    const kept = getCompileCacheDir();
    expect(rest).toEqual({
      LANG: 'C.UTF-8',
      TZ: 'UTC',
      GIVEN: 'yes',
      // The folder of compiled code, if we have one.
      ...(kept === undefined ? {} : { NODE_COMPILE_CACHE: dirname(kept) }),
    });
  });

  it('keeps what it compiled once it has worked, for the next child and not only at a polite end', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'inbetween-compiled-'));
    const { child, next } = start({}, undefined, { NODE_COMPILE_CACHE: folder });
    expect(await readdir(folder, { recursive: true })).not.toContainEqual(expect.stringContaining('/'));
    child.send({ order: 'echo' });
    await next();
    await until('compiled code', async () =>
      (await readdir(folder, { recursive: true })).some((name) => name.includes('/')),
    );
    await child.kill('stopped');
    await rm(folder, { recursive: true });
  });

  it.each([
    ['throw', { code: 1, signal: null }, 'the fixture was told to throw'],
    ['exit', { code: 7, signal: null }, ''],
    ['abort', { code: null, signal: 'SIGABRT' }, ''],
  ])('tells how it ended by itself: %s', async (order, how, output) => {
    const { child } = start();
    child.send({ order });
    const end = await child.ended;
    expect(end).toMatchObject({ reason: 'exited', ...how });
    expect(end.output).toContain(output);
  });

  it('tells of an entry that is not there', async () => {
    const child = startChild({
      name: 'nobody',
      entry: new URL('./no-such-file.ts', import.meta.url),
      limits: { memoryBytes: 1 << 30 },
      log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
      onMessage: () => {},
    });
    const end = await child.ended;
    expect(end).toMatchObject({ reason: 'exited', code: 1 });
    expect(end.output).toContain('no-such-file');
  });

  it('kills a child that uses too much memory', async () => {
    const { child } = start({ memoryBytes: 250 << 20 });
    child.send({ order: 'hoard' });
    const end = await child.ended;
    expect(end).toMatchObject({ reason: 'memory', signal: 'SIGKILL' });
    expect(end.residentBytes).toBeGreaterThan(250 << 20);
  });

  it('kills a child that runs too long, be it ever so busy', async () => {
    const { child } = start({ wallMs: 700 });
    child.send({ order: 'spin' });
    expect(await child.ended).toMatchObject({ reason: 'wall', signal: 'SIGKILL' });
  });

  it('kills a child that is silent for too long; reports of memory are no progress', async () => {
    // Longer than a start takes on a busy machine: the silence before the first message counts, too.
    const { child, next } = start({ stallMs: 5_000 });
    child.send({ order: 'wait' });
    await next();
    expect(await child.ended).toMatchObject({ reason: 'stall' });
  });

  it('stops politely when aborted, and delivers what is said last', async () => {
    const abort = new AbortController();
    const { child, next } = start({ graceMs: 5_000 }, abort.signal);
    child.send({ order: 'wait' });
    await next();
    abort.abort();
    expect(await next()).toEqual({ order: 'was stopped' });
    expect(await child.ended).toMatchObject({ reason: 'stopped', code: 0 });
  });

  it('kills a child that does not listen to the polite request', async () => {
    const { child, next } = start();
    child.send({ order: 'spin' });
    await next();
    expect(await child.stop()).toMatchObject({ reason: 'stopped', signal: 'SIGKILL' });
  });

  it('is stopped at once by a signal that is aborted already', async () => {
    const { child } = start({}, AbortSignal.abort());
    expect(await child.ended).toMatchObject({ reason: 'stopped' });
  });

  it('bounds what a talkative child can log, and does not let it block', async () => {
    const { child, lines, next } = start();
    child.send({ order: 'talk' });
    expect(await next()).toEqual({ order: 'talk' });
    const end = await child.stop();
    expect(lines.length).toBeLessThanOrEqual(201);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(2200);
    expect(end.output.length).toBeLessThan(65_000);
  });

  it('ends what the child has started, too', async () => {
    const { child, next } = start();
    child.send({ order: 'grandchild' });
    const told = await next();
    const pid = isRecord(told) && typeof told['pid'] === 'number' ? told['pid'] : 0;
    expect(isAlive(pid)).toBe(true);
    await child.kill('wall');
    await vi.waitUntil(() => !isAlive(pid));
  });

  it.each(['wait', 'spin'])(
    'leaves no orphan when the parent is killed (child in %s)',
    { timeout: 20_000 },
    async (order) => {
      const parent = spawn(
        process.execPath,
        [fileURLToPath(new URL('./orphan-parent.fixture.ts', import.meta.url)), order],
        {
          stdio: ['ignore', 'pipe', 'inherit'],
        },
      );
      const [line] = await once(parent.stdout, 'data');
      const { pid } = JSON.parse(String(line)) as { pid: number };
      expect(isAlive(pid)).toBe(true);
      parent.kill('SIGKILL');
      await once(parent, 'exit');
      await vi.waitUntil(() => !isAlive(pid), { timeout: 10_000, interval: 50 });
    },
  );
});

describe('entryBeside', () => {
  it('follows the asking module: source or published', () => {
    expect(entryBeside('file:///a/b/c.ts', 'child').pathname).toBe('/a/b/child.ts');
    expect(entryBeside('file:///a/b/c.js', 'child').pathname).toBe('/a/b/child.js');
  });
});
