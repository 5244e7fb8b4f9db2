import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Figure, median, round } from './figures.ts';
import { ended } from './helper.ts';

const BIN = fileURLToPath(new URL('../../packages/server/bin/inbetween.js', import.meta.url));
const LISTEN_MS = 30_000;

/** Figure 5: how soon `inbetween serve` listens in a new folder, and what it holds when it has nothing to do. */
export async function measureIdle(
  folder: string,
  { starts, idleMs }: { readonly starts: number; readonly idleMs: number },
): Promise<readonly Figure[]> {
  const startMs: number[] = [];
  const server: number[] = [];
  const own: number[] = [];
  const media: number[] = [];
  for (let n = 0; n < starts; n += 1) {
    const data = await mkdtemp(join(folder, 'idle-'));
    const child = spawn(process.execPath, [BIN, 'serve', '--port', '0', '--data-dir', data], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'] ?? '' },
    });
    try {
      startMs.push(await untilListening(child));
      // Memory is looked at twice only: an idle wait for each start would take longer than everything else.
      if (n < 2) {
        await delay(idleMs);
        const memory = await memoryOf(child.pid ?? 0);
        server.push(memory.rss);
        own.push(memory.anonymous);
        const children = await Promise.all((await descendants(child.pid ?? 0)).map(memoryOf));
        media.push(children.reduce((sum, { rss }) => sum + rss, 0));
      }
    } finally {
      child.kill('SIGTERM');
      await ended(child, 10_000);
      await rm(data, { recursive: true, force: true });
    }
  }
  return [
    { name: 'idle server RSS', value: round(median(server), 1), unit: 'MB', target: { kind: 'atMost', value: 150 } },
    { name: '  of it private (RssAnon)', value: round(median(own), 1), unit: 'MB' },
    { name: '  its media child, RSS', value: round(median(media), 1), unit: 'MB' },
    {
      name: 'start to listening, median',
      value: round(median(startMs) / 1000, 3),
      unit: 's',
      target: { kind: 'atMost', value: 1.5 },
    },
    { name: '  fastest start', value: round(Math.min(...startMs) / 1000, 3), unit: 's' },
  ];
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
