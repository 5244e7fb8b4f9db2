import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Fault } from '../../domain/fault.ts';
import type { VideoId, WorkerId } from '../../domain/id.ts';
import { admit, afterFault, begin, cancel, entomb, giveBack, remember, succeed } from '../../domain/transitions.ts';
import { hasOpenOperation, isTerminal, type Video } from '../../domain/video.ts';
import type { Store } from '../store.ts';
import { alive, NOW, POLICY, PREPARED, pending, RESULT, videoId, wish, worker } from './fixtures.contract.ts';
import type { OpenStore } from './subject.contract.ts';

const VIDEOS = 5;
const WORKERS = ['a', 'b', 'c'] as const;
const SLOTS = { renderer: 2 };

type WorkerName = (typeof WORKERS)[number];
type Step =
  | { readonly do: 'claim'; readonly who: WorkerName; readonly lane: 'admit' | 'generate' }
  | { readonly do: 'work'; readonly who: WorkerName; readonly how: keyof typeof WORK }
  | { readonly do: 'cancel' | 'delete'; readonly video: VideoId }
  | { readonly do: 'lose'; readonly who: WorkerName };

/** What a worker may do with a video it believes to hold. */
const WORK = {
  goOn: (video: Video, now: number): Video => {
    if (video.status === 'pending') return admit(video, PREPARED, [], now, POLICY);
    if (video.attempt === null || video.attempt.state === 'closed') return begin(video, now, POLICY);
    if (!hasOpenOperation(video)) return remember(video, { task: video.attempt.id }, now);
    return succeed(video, RESULT, now, POLICY);
  },
  fault: (video: Video, now: number) => afterFault(video, new Fault('backend_failed', 'No.'), now, POLICY),
  giveBack,
} as const;

const name = fc.constantFrom(...WORKERS);
const video = fc.nat({ max: VIDEOS - 1 }).map(videoId);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('claim'), who: name, lane: fc.constantFrom('admit', 'generate') }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('work'),
      who: name,
      how: fc.constantFrom('goOn', 'goOn', 'goOn', 'fault', 'giveBack'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('cancel', 'delete'), video }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('lose'), who: name }) },
) as fc.Arbitrary<Step>;

/** Runs steps against a store and holds each write to what must never break. */
class Run {
  readonly #store: Store;
  readonly #seen = new Map<VideoId, Video>();
  /** What each worker believes to hold; a lost one goes on believing. */
  readonly #held = new Map<WorkerName, Map<VideoId, Video>>(WORKERS.map((who) => [who, new Map()]));
  /** Who holds what by right: claimed, not given up, not lost. */
  readonly #leases = new Map<VideoId, WorkerId>();
  /** A worker that was lost comes back under another id, as a restarted process does. */
  readonly #ids = new Map<WorkerName, WorkerId>(WORKERS.map((who) => [who, worker(who)]));
  #now = NOW;

  constructor(store: Store) {
    this.#store = store;
  }

  async begin(): Promise<void> {
    await alive(this.#store, ...WORKERS);
    for (let n = 0; n < VIDEOS; n += 1) {
      await this.#store.videos.insert(pending(n), {});
      this.#seen.set(videoId(n), pending(n));
    }
  }

  /** Several steps at once: their writes interleave as the store lets them. */
  async all(steps: readonly Step[]): Promise<void> {
    this.#now += 60_000;
    await Promise.all(steps.map((one) => this.#one(one)));
    await this.#check();
  }

  async #one(step: Step): Promise<void> {
    switch (step.do) {
      case 'claim': {
        const asker = this.#idOf(step.who);
        const asked = wish(step.who, { worker: asker, lane: step.lane, limit: 3, now: this.#now, slots: SLOTS });
        const claimed = await this.#store.videos.claim(asked);
        for (const { video } of claimed) {
          if (this.#leases.has(video.id)) throw new Error(`${video.id} is held by two`);
          this.#leases.set(video.id, asker);
          this.#held.get(step.who)?.set(video.id, video);
        }
        return;
      }
      case 'work': {
        const [held] = this.#held.get(step.who)?.values() ?? [];
        if (held === undefined) return;
        this.#held.get(step.who)?.delete(held.id);
        const written = await this.#write(held, WORK[step.how](held, this.#now));
        if (written !== 'stale' && written.worker === held.worker) this.#held.get(step.who)?.set(held.id, written);
        return;
      }
      case 'cancel':
      case 'delete': {
        const found = await this.#store.videos.find(step.video);
        if (found === undefined || found.deletedAt !== null) return;
        if (step.do === 'delete') await this.#write(found, entomb(found, this.#now, POLICY));
        else if (!isTerminal(found.status)) await this.#write(found, cancel(found, this.#now, POLICY));
        return;
      }
      case 'lose': {
        const lost = this.#idOf(step.who);
        const reborn = `${step.who}${this.#now}`;
        this.#ids.set(step.who, worker(reborn));
        await Promise.all([alive(this.#store, reborn), this.#store.workers.remove(lost)]);
        // After the removal, because a claim of this round may have come before it.
        for (const [id, holder] of this.#leases) if (holder === lost) this.#leases.delete(id);
      }
    }
  }

  #idOf(who: WorkerName): WorkerId {
    return this.#ids.get(who) ?? worker(who);
  }

  #write(previous: Video, next: Video): Promise<Video | 'stale'> {
    // Before the write, because another may claim the video before its answer arrives here.
    if (next.worker === null) this.#leases.delete(next.id);
    return this.#store.videos.swap(previous, next, {
      event: { type: 'video.progress', at: this.#now },
      freeSlot: next.worker === null && !hasOpenOperation(next),
    });
  }

  async #check(): Promise<void> {
    for (const [id, before] of this.#seen) {
      const now = await this.#store.videos.find(id);
      if (now === undefined) throw new Error(`${id} is gone`);
      expect(now.version).toBeGreaterThanOrEqual(before.version);
      if (now.version === before.version) expect(now).toEqual(before);
      if (isTerminal(before.status)) expect(now.status).toBe(before.status);
      if (isTerminal(now.status)) expect([now.worker, now.dueAt, now.deadlineAt]).toEqual([null, null, null]);
      // Of all who believe to hold it, only one could still write.
      const rightful = WORKERS.filter((who) => this.#held.get(who)?.get(id)?.version === now.version);
      expect(rightful.length).toBeLessThanOrEqual(1);
      for (const who of rightful) expect(now.worker).toBe(this.#held.get(who)?.get(id)?.worker);
      this.#seen.set(id, now);
    }
    const busy = [...this.#seen.values()].filter((video) => video.worker !== null && video.status !== 'pending');
    expect(busy.length).toBeLessThanOrEqual(SLOTS.renderer);
  }
}

export function interleavingContract(open: OpenStore): void {
  it('keep the version, the terminal states, the leases and the slots right', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(step, { minLength: 1, maxLength: 4 }), { minLength: 10, maxLength: 40 }),
        async (rounds) => {
          const opened = await open();
          try {
            const run = new Run(opened.store);
            await run.begin();
            for (const steps of rounds) await run.all(steps);
          } finally {
            await opened.store.close();
            await opened.close();
          }
        },
      ),
      { numRuns: 40 },
    );
  }, 60_000);
}
