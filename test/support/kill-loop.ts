import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'vitest';
import { type Api, isFinal, MODEL, type ShownVideo, STATUSES, wholeFile } from './api.ts';
import { judgeVideo } from './mp4-judge.ts';
import { dataUrl, paint } from './paintings.ts';
import { childrenOf, isRunning, killSeen, type SeenProcess } from './process-table.ts';
import { leftoversIn, type Scratch, type ServerProcess, startServer } from './server-process.ts';
import { until } from './until.ts';

/** When the axe falls. */
export const MOMENTS = [
  'while a create is being answered',
  'right after a create',
  'while one waits in the queue',
  'early in a render',
  'late in a render',
  'while a result is stored',
  'anywhere, the render child alone',
  'anywhere, server and render child together',
] as const;
export type Moment = (typeof MOMENTS)[number];

const LATE = 50;
const ANYWHERE_MS = 1_200;

/** What the loop did, to be printed: a failure is only worth something when it can be repeated. */
export interface LoopReport {
  readonly videos: number;
  readonly kills: number;
}

/**
 * Kills the server, or its child, at the given moments while videos are made, and starts it again each time. Whatever is
 * observed on the way must only go forward; in the end every accepted video has succeeded exactly once and is whole.
 *
 * @param random 0..1; the same one makes the same choices
 */
export async function runKillLoop(
  scratch: Scratch,
  moments: readonly Moment[],
  random: () => number,
  { moving, limitMs }: { readonly moving: number; readonly limitMs: number },
): Promise<LoopReport> {
  const same = dataUrl(await paint(640, 360).png().toBuffer());
  const watch = createWatch();
  let server = await startServer(scratch);
  let asked = 0;
  let kills = 0;
  try {
    for (const moment of moments) {
      // A few that take a while, then ones that are made in a second, so that the queue is never empty for long.
      const images = asked < moving ? ['sample_first', 'sample_last'] : [same, same];
      const ask = { model: MODEL, images, size: '480P', tags: { n: String(asked) } };
      const key = { 'idempotency-key': `ask ${asked}` };
      asked += 1;
      const answered = server.api.create(ask, key).catch(() => undefined);
      if (moment !== 'while a create is being answered') watch.note(await heard(answered));
      const alone = moment === 'anywhere, the render child alone';
      await WAITS[moment](server, watch, random);
      const children = childrenOf(server.pid);
      kills += 1;
      console.log(`kill ${kills}, ${moment}: ${watch.told()}`);
      if (alone) {
        for (const child of renderersOf(children)) killSeen(child);
      } else {
        if (moment.includes('together')) for (const child of renderersOf(children)) killSeen(child);
        await server.kill();
        await allGone(scratch, children);
        server = await startServer(scratch);
      }
      // Heard or not: the same ask under the same key is one video, and now it is certainly there.
      watch.note(await server.api.create(ask, key));
      await watch.look(server.api);
    }
    await finishAll(server.api, watch, limitMs);
    const files = await judgeAll(server.api, watch);
    await until('an empty tmp', async () => (await readdir(join(scratch.data, 'tmp'))).length === 0);
    // Once more, without any work: what is finished stays as it is.
    await server.kill();
    server = await startServer(scratch);
    await watch.look(server.api);
    for (const [id, etag] of files) expect((await server.api.content(id)).headers.get('etag'), id).toBe(etag);
    expect(await server.stop()).toEqual({ code: 0, signal: null });
  } finally {
    await server.kill();
  }
  await until(
    'no process left',
    () => leftoversIn(scratch).length === 0,
    {},
    () => leftoversIn(scratch).join('\n'),
  );
  expect(await readdir(join(scratch.data, 'tmp'))).toEqual([]);
  return { videos: asked, kills };
}

type Wait = (server: ServerProcess, watch: Watch, random: () => number) => Promise<void>;

/** Waits for each moment by what can be seen from outside; one that has passed unseen is let go. */
const WAITS: Readonly<Record<Moment, Wait>> = {
  'while a create is being answered': async (_server, _watch, random) => pause(random() * 8),
  'right after a create': async () => undefined,
  'while one waits in the queue': (server, watch) => seen(server, watch, ({ status }) => status === 'queued'),
  'early in a render': (server, watch) => seen(server, watch, ({ status }) => status === 'running'),
  'late in a render': (server, watch) => {
    // Progress never falls, so a render that begins anew shows what an earlier one had reached.
    const before = watch.progress();
    const isLate = ({ id, status, progress }: ShownVideo) =>
      status === 'running' && progress >= LATE && progress > (before.get(id) ?? 0);
    return seen(server, watch, isLate);
  },
  'while a result is stored': (server, watch) => seen(server, watch, ({ metadata }) => metadata.phase === 'storing', 5),
  'anywhere, the render child alone': anywhereInARender,
  'anywhere, server and render child together': anywhereInARender,
};

async function anywhereInARender(server: ServerProcess, watch: Watch, random: () => number): Promise<void> {
  await seen(server, watch, ({ status }) => status === 'running');
  await until('a render child', () => renderersOf(childrenOf(server.pid)).length > 0 || watch.isIdle());
  await pause(random() * ANYWHERE_MS);
}

async function seen(
  server: ServerProcess,
  watch: Watch,
  wish: (video: ShownVideo) => boolean,
  everyMs = 20,
): Promise<void> {
  await until(
    'the moment to kill',
    async () => {
      const before = watch.finished();
      const videos = await watch.look(server.api);
      // Too quick to be seen between two looks: a video that has just ended is as near as one can get.
      return videos.some(wish) || watch.finished() > before || watch.isIdle();
    },
    { everyMs, limitMs: 90_000 },
  );
}

async function heard(answered: Promise<ShownVideo | undefined>): Promise<ShownVideo> {
  const video = await answered;
  if (video === undefined) throw new Error('a create on a running server was refused');
  return video;
}

function renderersOf(children: readonly SeenProcess[]): readonly SeenProcess[] {
  return children.filter(({ title }) => /render/.test(title) && !/media/.test(title));
}

/** Children end with their parent, within seconds and by themselves. */
async function allGone(scratch: Scratch, children: readonly SeenProcess[]): Promise<void> {
  await until(
    'the end of all children',
    () => !children.some(isRunning) && leftoversIn(scratch).length === 0,
    { limitMs: 10_000 },
    () => leftoversIn(scratch).join('\n'),
  );
}

/** Remembers everything that was seen, and holds each new look to it. */
interface Watch {
  note(video: ShownVideo): void;
  look(api: Api): Promise<readonly ShownVideo[]>;
  ids(): readonly string[];
  finished(): number;
  progress(): ReadonlyMap<string, number>;
  /** How things stood at the last look. */
  told(): string;
  isIdle(): boolean;
}

function createWatch(): Watch {
  const last = new Map<string, ShownVideo>();
  const note = (video: ShownVideo) => {
    const before = last.get(video.id);
    if (before !== undefined) expectForward(before, video);
    last.set(video.id, video);
  };
  const finished = () => [...last.values()].filter(({ status }) => isFinal(status)).length;
  return {
    note,
    finished,
    progress: () => new Map([...last].map(([id, { progress }]) => [id, progress])),
    told: () =>
      [...last.values()]
        .map(({ status, progress, metadata }) => `${status} ${metadata.phase ?? ''} ${progress}`)
        .join(', '),
    ids: () => [...last.keys()].toSorted(),
    isIdle: () => finished() === last.size,
    async look(api) {
      const videos = await api.list();
      for (const video of videos) note(video);
      // What was accepted once is never gone.
      expect(videos.map(({ id }) => id).toSorted()).toEqual([...last.keys()].toSorted());
      return videos;
    },
  };
}

/** Whatever is seen later is at least as far. */
export function expectForward(before: ShownVideo, now: ShownVideo): void {
  const told = `${before.id}: ${before.status} ${before.progress} → ${now.status} ${now.progress}`;
  expect(STATUSES.indexOf(now.status), told).toBeGreaterThanOrEqual(STATUSES.indexOf(before.status));
  expect(now.progress, told).toBeGreaterThanOrEqual(before.progress);
  expect(now.seed, told).toBe(before.seed);
  if (isFinal(before.status)) {
    expect([now.status, now.completed_at], told).toEqual([before.status, before.completed_at]);
  }
}

async function finishAll(api: Api, watch: Watch, limitMs: number): Promise<void> {
  await until(
    'all videos',
    async () => {
      const videos = await watch.look(api);
      const lost = videos.filter(({ status }) => isFinal(status) && status !== 'succeeded');
      if (lost.length > 0) throw new Error(`did not succeed: ${JSON.stringify(lost)}`);
      return watch.isIdle();
    },
    { limitMs, everyMs: 200 },
    watch.told,
  );
}

/** Every video is whole and decodes from end to end. Gives the ETags of their files. */
async function judgeAll(api: Api, watch: Watch): Promise<ReadonlyMap<string, string | null>> {
  const files = new Map<string, string | null>();
  for (const id of watch.ids()) {
    const video = await api.find(id);
    const still = video.metadata.warnings.some(({ code }) => code === 'identical_frames');
    await judgeVideo(api, video, { still });
    for (const variant of ['thumbnail', 'output_last_frame']) wholeFile(await api.content(id, variant));
    files.set(id, (await api.content(id)).headers.get('etag'));
  }
  return files;
}

/** Numbers that look random and are the same for the same seed. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
