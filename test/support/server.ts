import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { VideoObject } from '@inbetween/client';

const ENTRY = join(import.meta.dirname, '../../packages/server/bin/inbetween.js');
export const KEY = 'acceptance-key-0123456789';
const START_MS = 15_000;
const EXIT_MS = 30_000;

/** Asks again until `look` gives something; fails loudly after `limitMs`. Never a blind sleep. */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined> | T | undefined,
  limitMs = 60_000,
): Promise<T> {
  const end = Date.now() + limitMs;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > end) throw new Error(`after ${limitMs} ms there is still no ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

export async function temporaryFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'inbetween-acceptance-'));
}

export const forget = (folder: string) => rm(folder, { recursive: true, force: true });

/** A command that ran to its end. */
export interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly error: string;
}

/** Runs an `inbetween` command to its end. */
export async function run(args: readonly string[], env: Record<string, string> = {}): Promise<Ran> {
  const child = spawn(process.execPath, [ENTRY, ...args], {
    env: { ...plainEnvironment(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const texts = collect(child);
  const code = await exit(child, 120_000);
  return { code, out: texts.out(), error: texts.error() };
}

/** A server process of its own, on a free port. */
export interface Spawned {
  readonly url: string;
  readonly pid: number;
  out(): string;
  error(): string;
  api(path: string, init?: RequestInit & { readonly key?: string | null }): Promise<Response>;
  create(body: Record<string, unknown>, headers?: Record<string, string>): Promise<VideoObject>;
  get(id: string): Promise<VideoObject>;
  /** Waits for one of the given statuses; fails when the video ends in another one. */
  reach(id: string, statuses: readonly string[], limitMs?: number): Promise<VideoObject>;
  /** Process ids of its children whose command line holds `words`. */
  children(words: string): Promise<readonly number[]>;
  signal(signal: NodeJS.Signals): void;
  exited(limitMs?: number): Promise<number | null>;
  /** kill -9, and waits until it is gone. */
  kill(): Promise<void>;
  /** SIGTERM, and waits for a clean end. */
  stop(): Promise<number | null>;
}

export async function startServer(folder: string, env: Record<string, string> = {}): Promise<Spawned> {
  const child = spawn(process.execPath, [ENTRY, 'serve', '--port', '0', '--data-dir', folder], {
    env: {
      ...plainEnvironment(),
      INBETWEEN_API_KEY: KEY,
      INBETWEEN_FETCH_ALLOW: '127.0.0.1',
      LOG_LEVEL: 'warn',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const texts = collect(child);
  const url = await until(
    'listening server',
    () => {
      if (child.exitCode !== null)
        throw new Error(`the server ended with ${child.exitCode}: ${texts.out()}${texts.error()}`);
      // The last line that the welcome prints: by then everything has started.
      return texts.out().includes("}'") ? /listens on (http:\S+)/.exec(texts.out())?.[1] : undefined;
    },
    START_MS,
  );
  const pid = child.pid ?? 0;

  const api: Spawned['api'] = (path, { key = KEY, ...init } = {}) => {
    const headers = new Headers(init.headers);
    if (key !== null && !headers.has('authorization')) headers.set('authorization', `Bearer ${key}`);
    return fetch(url + path, { ...init, headers });
  };
  const get = async (id: string) => (await (await api(`/v1/videos/${id}`)).json()) as VideoObject;
  return {
    url,
    pid,
    out: texts.out,
    error: texts.error,
    api,
    get,
    async create(body, headers = {}) {
      const answer = await api('/v1/videos', {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      });
      const video = (await answer.json()) as VideoObject;
      if (answer.status !== 200) throw new Error(`create answered ${answer.status}: ${JSON.stringify(video)}`);
      return video;
    },
    reach(id, statuses, limitMs = 90_000) {
      return until(
        `${id} that is ${statuses.join(' or ')}`,
        async () => {
          const video = await get(id);
          if (statuses.includes(video.status)) return video;
          if (['succeeded', 'failed', 'cancelled'].includes(video.status))
            throw new Error(`${id} ended as ${JSON.stringify(video)}`);
          return undefined;
        },
        limitMs,
      );
    },
    children: (words) => childrenOf(pid, words),
    signal: (signal) => void process.kill(pid, signal),
    exited: (limitMs = EXIT_MS) => exit(child, limitMs),
    async kill() {
      child.kill('SIGKILL');
      await exit(child, EXIT_MS);
    },
    async stop() {
      child.kill('SIGTERM');
      return exit(child, EXIT_MS);
    },
  };
}

/** Whether a process is there (and not a zombie waiting for its parent). */
export async function isAlive(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return stat !== '' && !/\) Z /.test(stat);
}

async function childrenOf(parent: number, words: string): Promise<readonly number[]> {
  const found: number[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '');
    if (Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) !== parent) continue;
    const command = await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '');
    if (command.replaceAll('\0', ' ').includes(words)) found.push(Number(name));
  }
  return found;
}

/** Files over real HTTP on loopback, where frames are fetched from. */
export async function servePictures(
  files: Readonly<Record<string, Uint8Array>>,
): Promise<{ url: string; close(): Promise<void> }> {
  const server: Server = createServer((request, response) => {
    const bytes = files[(request.url ?? '').slice(1)];
    if (bytes === undefined) response.writeHead(404).end();
    else response.writeHead(200, { 'content-type': 'image/png' }).end(bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    close: () => new Promise((resolve) => void server.close(() => resolve())),
  };
}

/** What a child needs to run; nothing of ours, so that no setting of the machine decides a test. */
function plainEnvironment(): Record<string, string> {
  return { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '' };
}

function collect(child: ChildProcess): { out(): string; error(): string } {
  let out = '';
  let error = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    error += text;
  });
  return { out: () => out, error: () => error };
}

async function exit(child: ChildProcess, limitMs: number): Promise<number | null> {
  await until(
    `end of process ${child.pid}`,
    () => (child.exitCode !== null || child.signalCode !== null ? true : undefined),
    limitMs,
  );
  return child.exitCode;
}
