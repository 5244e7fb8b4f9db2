import { dropLate, endDrain } from '../domain/draining.ts';
import { eventOf } from '../domain/event.ts';
import { Fault } from '../domain/fault.ts';
import { readVideoId, type VideoId, type WorkerId } from '../domain/id.ts';
import type { Policy } from '../domain/policy.ts';
import { expire, fail, giveUp, passOn } from '../domain/transitions.ts';
import { artifactsOf, freesSlot, isDraining, type Video, videoPrefix } from '../domain/video.ts';
import type { ArtifactStore } from '../ports/artifacts.ts';
import type { Backend } from '../ports/backend.ts';
import type { Router } from '../ports/router.ts';
import type { BackendStore, VideoStore } from '../ports/store.ts';
import { UNSEEN_MS } from './backend-states.ts';
import { createFileCheck } from './file-check.ts';
import { createLane, type LaneParts } from './lane.ts';
import type { Part } from './part.ts';

export interface SweepParts extends LaneParts {
  readonly store: VideoStore;
  readonly artifacts: ArtifactStore;
  readonly backends: Readonly<Record<string, Backend>>;
  readonly policy: Policy;
  /** Small regular writes of other rooms, such as noting when keys were last used. */
  readonly chores: readonly (() => Promise<void>)[];
  readonly worker: WorkerId;
  readonly router: Pick<Router, 'other'>;
  /** What all processes know of backends. */
  readonly backendStore: Pick<BackendStore, 'list'>;
}

const EVERY_MS = 5_000;
const BATCH = 100;
const UNSERVED_EVERY_MS = 30_000;
/** Orphans are looked for this often, and only among files old enough that no running upload can own them. */
const ORPHANS_EVERY_MS = 3_600_000;
const ORPHAN_AGE_MS = 3_600_000;

/** Lane `sweep`: ends what is past its deadline, expires and forgets what is past its keep, removes files nobody names. */
export function createSweepLane(parts: SweepParts): Part {
  const { clock, policy } = parts;
  const startedAt = clock.now();
  let orphansAt = startedAt + ORPHANS_EVERY_MS;
  let unservedAt = startedAt;
  const checkFiles = createFileCheck(parts);
  return createLane(
    {
      name: 'sweep',
      topic: 'sweep',
      concurrency: 1,
      idleMs: EVERY_MS,
      async claim() {
        const now = clock.now();
        // While no server ran, nobody could meet a deadline: right after a start the workers get their chance first.
        if (now - startedAt >= policy.pendingDeadlineMs) await endOverdue(parts, now);
        await expireResults(parts, now);
        await dropLateResults(parts, now);
        await purgeRows(parts, now);
        if (now >= unservedAt) {
          unservedAt = now + UNSERVED_EVERY_MS;
          await moveUnserved(parts, now);
        }
        for (const chore of parts.chores) await chore();
        if (now >= orphansAt) {
          orphansAt = now + ORPHANS_EVERY_MS;
          await removeOrphans(parts, now);
          await checkFiles(now);
        }
        return [];
      },
    },
    parts,
  );
}

async function endOverdue(parts: SweepParts, now: number): Promise<void> {
  for (const video of await parts.store.due('overdue', { now, limit: BATCH })) {
    const draining = isDraining(video);
    const billed = parts.backends[video.backend]?.capabilities.billed ?? true;
    const next = draining ? endDrain(video, now) : giveUp(video, { billed }, now, parts.policy);
    const written = await parts.store.swap(video, next, {
      event: eventOf(video, next),
      dropInputs: true,
      freeSlot: freesSlot(next),
    });
    // Stale: somebody moved it on just in time.
    if (written === 'stale') continue;
    parts.bell.ring(`video:${video.id}`);
    parts.bell.ring(freesSlot(written) ? 'generate' : 'drain');
    if (draining) {
      parts.log.warn({ video: video.id, attempt: video.attempt?.id }, 'gave up an operation whose end was never seen');
      continue;
    }
    parts.log.warn({ video: video.id, status: video.status }, 'past its deadline');
    parts.meter.count('inbetween_videos_finished_total', { status: 'failed', code: 'timeout' });
    parts.bell.ring('deliver');
  }
}

/** The row changes first, so that nobody is promised a file that is about to go. */
async function expireResults(parts: SweepParts, now: number): Promise<void> {
  for (const video of await parts.store.due('expiring', { now, limit: BATCH })) {
    const next = expire(video, now);
    const written = await parts.store.swap(video, next, { event: eventOf(video, next) });
    if (written === 'stale') continue;
    // A late result has a time of its own, and one may still come.
    if (video.late === null && !isDraining(video)) await parts.artifacts.removeAll(videoPrefix(video.id));
    else for (const { key } of artifactsOf(video)) if (key !== video.late?.video.key) await parts.artifacts.remove(key);
  }
}

async function dropLateResults(parts: SweepParts, now: number): Promise<void> {
  for (const video of await parts.store.due('late', { now, limit: BATCH })) {
    const written = await parts.store.swap(video, dropLate(video, now), {});
    if (written !== 'stale' && video.late !== null) await parts.artifacts.remove(video.late.video.key);
  }
}

/**
 * Passes on the videos of backends that are configured nowhere any more, or fails them where nobody else makes them and
 * where a peer may have accepted them. Not while some process had the backend a moment ago,
 * as during a rolling restart, and not while an operator has paused or drains it: then somebody knows.
 */
async function moveUnserved(parts: SweepParts, now: number): Promise<void> {
  const { store, backends, policy, log, bell, meter } = parts;
  const foreign = (await store.backendsInUse()).filter((name) => !Object.hasOwn(backends, name));
  if (foreign.length === 0) return;
  const known = new Map((await parts.backendStore.list()).map((record) => [record.name, record]));
  for (const name of foreign) {
    const record = known.get(name);
    if (record !== undefined && (record.state !== 'open' || now - record.seenAt < UNSEEN_MS)) continue;
    const slots = { [name]: Number.MAX_SAFE_INTEGER };
    const claimed = await store.claim({ worker: parts.worker, lane: 'generate', limit: BATCH, now, slots });
    for (const { video } of claimed) {
      const next = elsewhere(parts, video, now) ?? fail(video, unserved(), now, policy);
      if ((await store.swap(video, next, { event: eventOf(video, next), freeSlot: true })) === 'stale') continue;
      const to = next.backend === name ? undefined : next.backend;
      log.warn({ video: video.id, backend: name, to }, 'its backend is configured nowhere any more');
      if (to === undefined)
        meter.count('inbetween_videos_finished_total', { status: 'failed', code: 'backend_unavailable' });
      for (const topic of [`video:${video.id}`, 'deliver', 'generate'] as const) bell.ring(topic);
    }
  }
}

/** The video at another backend of its model; undefined when there is none, or when its own may have accepted it. */
function elsewhere({ router }: SweepParts, video: Video, now: number): Video | undefined {
  if (video.attempt !== null && video.attempt.state !== 'closed') return undefined;
  const { model, size } = video.generation;
  const other = router.other({ model, size, pixels: video.prepared ?? undefined }, video.backend);
  return other && passOn(video, other.name, 0, now);
}

function unserved(): Fault {
  return new Fault(
    'backend_unavailable',
    'The service that was to make this video is no longer configured on this server. Ask again; another one may make it.',
  );
}

async function purgeRows(parts: SweepParts, now: number): Promise<void> {
  const { rowTtlMs, idempotencyTtlMs } = parts.policy;
  const finishedBefore = rowTtlMs === undefined ? undefined : now - rowTtlMs;
  const keysBefore = now - idempotencyTtlMs;
  for (const video of await parts.store.due('purgeable', { now, finishedBefore, keysBefore, limit: BATCH })) {
    await parts.artifacts.removeAll(videoPrefix(video.id));
    await parts.store.purge(video.id);
  }
}

/** Files without a row, and files of attempts that lost: what a crash between "stored" and "written" leaves behind. */
async function removeOrphans(parts: SweepParts, now: number): Promise<void> {
  const known = new Map<VideoId, Video | undefined>();
  for await (const { key, writtenAt } of parts.artifacts.list('videos/')) {
    if (now - writtenAt < ORPHAN_AGE_MS) continue;
    const id = readVideoId(key.split('/')[1] ?? '');
    if (id === undefined) continue;
    if (!known.has(id)) known.set(id, await parts.store.find(id));
    const video = known.get(id);
    if (video === undefined || !isNamed(video, key)) {
      parts.log.info({ key }, 'removed a file that nobody names');
      await parts.artifacts.remove(key);
    }
  }
}

function isNamed(video: Video, key: string): boolean {
  // A live video may still be writing or resuming: only what is settled is judged.
  return video.completedAt === null || isDraining(video) || artifactsOf(video).some((artifact) => artifact.key === key);
}
