import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Figure, median, round } from './figures.ts';
import { ended } from './helper.ts';
import { startFlags } from './start-flags.ts';

const BIN = fileURLToPath(new URL('../../packages/server/bin/inbetween.js', import.meta.url));
const LISTEN_MS = 30_000;

/** Figure 5: how soon `inbetween serve` listens in a new folder, and what it holds when it has nothing to do. */
export async function measureIdle(
  folder: string,
  { starts, idleMs }: { readonly starts: number; readonly idleMs: number },
): Promise<readonly Figure[]> {
  // Of its own, so that the first start here is the first on a machine: TypeScript is stripped once and kept.
  const cache = await mkdtemp(join(folder, 'compiled-'));
  const first = await startOnce(folder, cache, idleMs);
  const next: Started[] = [];
  // Memory is looked at twice only: an idle wait for each start would take longer than everything else.
  for (let n = 0; n < starts; n += 1) next.push(await startOnce(folder, cache, n < 2 ? idleMs : undefined));
  const idle = next.flatMap(({ memory }) => memory ?? []);
  const middle = (of: keyof Memory) => round(median(idle.map((memory) => memory[of])), 1);
  const times = next.map(({ ms }) => ms / 1000);
  const [rss, soon] = [{ kind: 'atMost', value: 150 } as const, { kind: 'atMost', value: 1.5 } as const];
  return [
    { name: 'idle server RSS', value: middle('rss'), unit: 'MB', target: rss },
    { name: '  of it private (RssAnon)', value: middle('anonymous'), unit: 'MB' },
    { name: '  its media child, RSS', value: middle('children'), unit: 'MB' },
    { name: 'idle server RSS, very first start', value: round(first.memory?.rss ?? 0, 1), unit: 'MB', target: rss },
    { name: '  of it private (RssAnon)', value: round(first.memory?.anonymous ?? 0, 1), unit: 'MB' },
    { name: 'start to listening, median', value: round(median(times), 3), unit: 's', target: soon },
    { name: '  fastest start', value: round(Math.min(...times), 3), unit: 's' },
    { name: 'the very first start to listening', value: round(first.ms / 1000, 3), unit: 's', target: soon },
  ];
}

interface Memory {
  readonly rss: number;
  readonly anonymous: number;
  /** RSS of all processes under it. */
  readonly children: number;
}

interface Started {
  /** To listening. */
  readonly ms: number;
  readonly memory?: Memory;
}

/** Starts the server in a new folder and ends it; looks at its memory after `idleMs`, when given. */
async function startOnce(folder: string, cache: string, idleMs: number | undefined): Promise<Started> {
  const data = await mkdtemp(join(folder, 'idle-'));
  const child = spawn(process.execPath, [...startFlags(), BIN, 'serve', '--port', '0', '--data-dir', data], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'] ?? '', NODE_COMPILE_CACHE: cache },
  });
  try {
    const ms = await untilListening(child);
    if (idleMs === undefined) return { ms };
    await delay(idleMs);
    const under = await Promise.all((await descendants(child.pid ?? 0)).map(memoryOf));
    const children = under.reduce((sum, { rss }) => sum + rss, 0);
    return { ms, memory: { ...(await memoryOf(child.pid ?? 0)), children } };
  } finally {
    child.kill('SIGTERM');
    await ended(child, 10_000);
    await rm(data, { recursive: true, force: true });
  }
}

async function untilListening(child: ChildProcess): Promise<number> {
  const begun = performance.now();
  let text = '';
  let complaint = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    complaint += chunk.toString();
  });
  return new Promise((resolve, reject) => {
    const overdue = setTimeout(() => reject(new Error('the server does not listen')), LISTEN_MS);
    child.once('exit', (code) => reject(new Error(`the server ended with ${code}: ${complaint}`)));
    child.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (!text.includes('listens on http')) return;
      clearTimeout(overdue);
      resolve(performance.now() - begun);
    });
  });
}

/** In megabytes of a million bytes. */
async function memoryOf(pid: number): Promise<{ readonly rss: number; readonly anonymous: number }> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const read = (name: string) => (Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) * 1024) / 1e6;
  return { rss: read('VmRSS'), anonymous: read('RssAnon') };
}

async function descendants(pid: number): Promise<readonly number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  const children = text.split(' ').filter(Boolean).map(Number);
  return [...children, ...(await Promise.all(children.map(descendants))).flat()];
}
