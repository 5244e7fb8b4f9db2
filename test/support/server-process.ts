import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Api, createApi } from './api.ts';
import { processesIn } from './process-table.ts';

/** The command as people run it. */
export const BIN = resolve(import.meta.dirname, '../../packages/server/bin/inbetween.js');
/** The key a test's server has unless the test is about keys. */
export const KEY = 'acceptance-key-0001';

/** A folder of a test's own, with a place for the server's data and one to run in. */
export interface Scratch extends AsyncDisposable {
  readonly path: string;
  readonly data: string;
  /** Where the server runs: whatever it leaves behind is found by this. */
  readonly cwd: string;
  file(name: string): string;
}

/** Makes a scratch folder; disposing of it fails if a process is still in it. */
export function makeScratch(): Scratch {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'inbetween-acceptance-')));
  const cwd = join(path, 'cwd');
  mkdirSync(cwd);
  return {
    path,
    data: join(path, 'data'),
    cwd,
    file: (name) => join(path, name),
    async [Symbol.asyncDispose]() {
      await rm(path, { recursive: true, force: true });
    },
  };
}

/** How a process ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A server in a process of its own. */
export interface ServerProcess extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
  readonly api: Api;
  readonly ended: Promise<Ended>;
  out(): string;
  err(): string;
  signal(name: NodeJS.Signals): void;
  /** As a power cut does it. */
  kill(): Promise<Ended>;
  /** SIGTERM, then SIGKILL when it takes longer than it may. */
  stop(limitMs?: number): Promise<Ended>;
}

export interface StartWish {
  readonly env?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  /** `null`: no key is set, the server makes its first one. */
  readonly key?: string | null;
  readonly data?: string;
  /** `serve` unless said otherwise. A worker has no address. */
  readonly role?: 'serve' | 'api' | 'worker';
}

const running = new Set<ChildProcess>();
// A test run that is broken off leaves nothing behind either.
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** What every process of ours starts with: nothing of the caller's settings, least of all what costs money. */
export function cleanEnvironment(extra: Readonly<Record<string, string>> = {}): Record<string, string> {
  const { PATH = '', HOME = '', TMPDIR } = process.env;
  return { PATH, HOME, LANG: 'C.UTF-8', ...(TMPDIR === undefined ? {} : { TMPDIR }), ...extra };
}

/** Starts `inbetween serve`, or another role, on the scratch folder and waits until it listens or works. */
export async function startServer(scratch: Scratch, wish: StartWish = {}): Promise<ServerProcess> {
  const { env = {}, args = [], key = KEY, data = scratch.data, role = 'serve' } = wish;
  const place = role === 'worker' ? [] : ['--port', '0'];
  const settings = { INBETWEEN_FETCH_ALLOW: '127.0.0.1', LOG_LEVEL: 'warn', ...env };
  const child = spawn(process.execPath, [BIN, role, ...place, ...args], {
    cwd: scratch.cwd,
    env: cleanEnvironment({
      INBETWEEN_DATA_DIR: data,
      ...(key === null ? {} : { INBETWEEN_API_KEY: key }),
      ...settings,
    }),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  let out = '';
  let err = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  const ended = new Promise<Ended>((done) => {
    child.once('close', (code, signal) => {
      running.delete(child);
      done({ code, signal });
    });
  });
  // The last line of the welcome is the curl line; a server that printed it has printed everything.
  const url = await new Promise<string>((done, fail) => {
    const limit = setTimeout(() => {
      child.kill('SIGKILL');
      fail(new Error(`the server did not listen within 30 s. ${out} ${err}`));
    }, 30_000);
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
      if (role === 'worker' && out.startsWith('Inbetween works')) {
        clearTimeout(limit);
        return done('');
      }
      const found = /^Inbetween listens on (\S+)$/m.exec(out)?.[1];
      if (found === undefined || !/--data '[^']*'\n/.test(out)) return;
      clearTimeout(limit);
      done(found);
    });
    void ended.then(({ code }) => {
      clearTimeout(limit);
      fail(new Error(`the server ended with ${code} before it listened. ${out} ${err}`));
    });
  });
  const pid = child.pid ?? 0;
  return {
    url,
    pid,
    api: createApi(url, key ?? ''),
    ended,
    out: () => out,
    err: () => err,
    signal: (name) => void child.kill(name),
    kill() {
      child.kill('SIGKILL');
      return ended;
    },
    stop,
    async [Symbol.asyncDispose]() {
      await stop();
    },
  };

  async function stop(limitMs = 30_000): Promise<Ended> {
    child.kill('SIGTERM');
    const limit = setTimeout(() => child.kill('SIGKILL'), limitMs);
    const end = await ended;
    clearTimeout(limit);
    return end;
  }
}

/** What a command printed and how it ended. */
export interface Finished extends Ended {
  readonly out: string;
  readonly err: string;
  readonly pid: number;
}

export interface RunWish {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly limitMs?: number;
  readonly node?: string;
}

/** Runs `inbetween <args>` to its end. */
export function runInbetween(args: readonly string[], { node = process.execPath, ...wish }: RunWish = {}) {
  return runProgram(node, [BIN, ...args], wish);
}

/** Runs a program to its end, within a limit. */
export async function runProgram(
  program: string,
  args: readonly string[],
  { env = {}, cwd = tmpdir(), limitMs = 60_000 }: RunWish = {},
): Promise<Finished> {
  const child = spawn(program, args, { cwd, env: cleanEnvironment(env), stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  const limit = setTimeout(() => child.kill('SIGKILL'), limitMs);
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  const end = await new Promise<Ended>((done, fail) => {
    child.once('error', fail);
    child.once('close', (code, signal) => done({ code, signal }));
  });
  clearTimeout(limit);
  running.delete(child);
  return { ...end, out, err, pid: child.pid ?? 0 };
}

/** What still runs in a scratch folder, in words; empty when nothing does. */
export function leftoversIn(scratch: Scratch): readonly string[] {
  return processesIn(scratch.cwd).map(({ pid, title }) => `${pid} ${title}`);
}
