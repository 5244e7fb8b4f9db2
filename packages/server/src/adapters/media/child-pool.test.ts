import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { keepingLog } from '../system/keeping-log.fixture.ts';
import { ChildPool } from './child-pool.ts';

/** A job that any child answers quickly, with a fault as its answer: the file is no video. */
let path: string;
let folder: string;
const opened: ChildPool[] = [];
const { signal } = new AbortController();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inbetween-pool-'));
  path = join(folder, 'no-video');
  await writeFile(path, 'no video');
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map((pool) => pool.close()));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

function open(count: number) {
  const log = keepingLog();
  const limits = { idleMs: 60_000, recycleAfter: 200, recycleBytes: 1 << 30, memoryBytes: 1 << 30, jobMs: 60_000 };
  const pool = new ChildPool({ tmpFolder: folder, log, ...limits }, count);
  opened.push(pool);
  const run = () => pool.run({ kind: 'inspect', path }, signal);
  const pid = (index: number) => pool.children[index]?.pid ?? 0;
  return { pool, log, run, pid };
}

describe('the pool of media children', () => {
  it('costs a crash one job, and is there for the next', async () => {
    const { run, pid, log } = open(1);
    await run();
    const before = pid(0);
    process.kill(before, 'SIGSTOP');
    const struck = run();
    const innocent = run();
    // The order is sent within this turn of the event loop.
    await setImmediate();
    process.kill(before, 'SIGKILL');
    await expect(struck).rejects.toMatchObject({ name: 'Fault', code: 'internal_error', retryable: true });
    expect(await innocent).toMatchObject({ kind: 'fault', fault: { code: 'damaged_output' } });
    expect(pid(0)).not.toBe(before);
    expect(log.lines.filter((line) => line.startsWith('warn media child lost'))).toHaveLength(1);
  });

  it('serves on when an idle child was killed', async () => {
    const { pool, run, pid, log } = open(1);
    await run();
    process.kill(pid(0), 'SIGKILL');
    // It may take a moment until we know; a job that runs into it is told so and may be tried again.
    const again = await run().catch(() => run());
    expect(again.kind).toBe('fault');
    expect(pool.children[0]?.load).toBe(0);
    expect(log.lines.length).toBeLessThanOrEqual(1);
  });

  it('lets a second child do what the first has no time for, and starts it only then', async () => {
    const { pool, run, pid } = open(2);
    await run();
    await run();
    expect(pool.children.map((child) => child.pid !== undefined)).toEqual([true, false]);
    process.kill(pid(0), 'SIGSTOP');
    const stuck = run();
    expect((await run()).kind).toBe('fault');
    expect(pool.children.map((child) => child.load)).toEqual([1, 0]);
    process.kill(pid(0), 'SIGCONT');
    expect((await stuck).kind).toBe('fault');
  });
});
