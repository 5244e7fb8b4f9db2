import fc from 'fast-check';
import { expect, it } from 'vitest';
import { drainLater, endDrain } from '../../domain/draining.ts';
import { Fault } from '../../domain/fault.ts';
import type { VideoId, WorkerId } from '../../domain/id.ts';
import { accountOf, LEDGER_KINDS, type LedgerEntry } from '../../domain/ledger.ts';
import { admit, afterFault, begin, cancel, entomb, giveBack, remember, succeed } from '../../domain/transitions.ts';
import { freesSlot, hasOpenOperation, isTerminal, type Video } from '../../domain/video.ts';
import type { ClaimWish, Store } from '../store.ts';
import {
  ALICE,
  alive,
  CHARGE,
  NOW,
  POLICY,
  PREPARED,
  pending,
  RESULT,
  videoId,
  wish,
  worker,
} from './fixtures.contract.ts';
import type { OpenStore } from './subject.contract.ts';

const VIDEOS = 5;
const WORKERS = ['a', 'b', 'c'] as const;
const SLOTS = { renderer: 2 };
const PEER = { billed: false, canLookUp: false };

type WorkerName = (typeof WORKERS)[number];
type Step =
  | { readonly do: 'claim'; readonly who: WorkerName; readonly lane: ClaimWish['lane'] }
  | { readonly do: 'work'; readonly who: WorkerName; readonly how: keyof typeof WORK }
  | { readonly do: 'cancel' | 'delete'; readonly video: VideoId }
  | { readonly do: 'lose'; readonly who: WorkerName };

/** What a worker may do with a video it believes to hold. */
const WORK = {
  goOn: (video: Video, now: number): Video => {
    if (isTerminal(video.status)) return endDrain(video, now);
    if (video.status === 'pending') return admit(video, PREPARED, [], now, POLICY);
    if (video.attempt === null || video.attempt.state === 'closed') return begin(video, now, POLICY);
    if (!hasOpenOperation(video)) return remember(video, { task: video.attempt.id }, now);
    return succeed(video, RESULT, now, POLICY);
  },
  fault: (video: Video, now: number) =>
    isTerminal(video.status)
      ? drainLater(video, 9, now)
      : afterFault(video, new Fault('backend_failed', 'No.'), PEER, now, POLICY),
  giveBack: (video: Video, now: number) =>
    isTerminal(video.status) ? drainLater(video, 0, now) : giveBack(video, now),
} as const;

const name = fc.constantFrom(...WORKERS);
const video = fc.nat({ max: VIDEOS - 1 }).map(videoId);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('claim'), who: name, lane: fc.constantFrom('admit', 'generate', 'drain') }),
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

/** One version of a video, as its writer got it back. */
interface Written {
  readonly video: Video;
  /** Undefined: not a claim. */
  readonly takenOver?: boolean;
}

/**
 * Runs steps against a store and remembers every version that was written. What must never break is checked over this
 * history, not over the order in which answers arrive, which says little about the order of writes.
 */
class Run {
  readonly #store: Store;
  readonly #history = new Map<VideoId, Map<number, Written>>();
  /** What each worker believes to hold; a lost one goes on believing. */
  readonly #held = new Map<WorkerName, Map<VideoId, Video>>(WORKERS.map((who) => [who, new Map()]));
  /** A worker that was lost comes back under another id, as a restarted process does. */
  readonly #ids = new Map<WorkerName, string>(WORKERS.map((who) => [who, who]));
  readonly #lost = new Set<WorkerId>();
  #now = NOW;

  constructor(store: Store) {
    this.#store = store;
  }

  async begin(): Promise<void> {
    await alive(this.#store, ...WORKERS);
    for (let n = 0; n < VIDEOS; n += 1) {
      const video = pending(n, n % 2 === 0 ? { charge: CHARGE } : {});
      await this.#store.videos.insert(video, {});
      this.#history.set(video.id, new Map([[1, { video }]]));
    }
  }

  /** Several steps at once: their writes interleave as the store lets them. */
  async all(steps: readonly Step[]): Promise<void> {
    this.#now += 60_000;
    await Promise.all(steps.map((one) => this.#one(one)));
  }

  async #one(step: Step): Promise<void> {
    switch (step.do) {
      case 'claim':
        return this.#claim(step.who, step.lane);
      case 'work':
        return this.#work(step.who, step.how);
      case 'lose':
        return this.#lose(step.who);
      case 'cancel':
      case 'delete': {
        const found = await this.#store.videos.find(step.video);
        if (found === undefined || found.deletedAt !== null) return;
        if (step.do === 'delete') await this.#write(found, entomb(found, this.#now, POLICY));
        else if (!isTerminal(found.status)) await this.#write(found, cancel(found, this.#now, POLICY));
      }
    }
  }

  async #claim(who: WorkerName, lane: ClaimWish['lane']): Promise<void> {
    const asked = wish(this.#ids.get(who) ?? who, { lane, limit: 3, now: this.#now, slots: SLOTS });
    for (const { video, takenOver } of await this.#store.videos.claim(asked)) {
      this.#note({ video, takenOver });
      this.#held.get(who)?.set(video.id, video);
    }
  }

  /** A worker goes on with the first video it believes to hold. */
  async #work(who: WorkerName, how: keyof typeof WORK): Promise<void> {
    const [held] = this.#held.get(who)?.values() ?? [];
    if (held === undefined) return;
    this.#held.get(who)?.delete(held.id);
    const written = await this.#write(held, WORK[how](held, this.#now));
    if (written !== 'stale' && written.worker === held.worker) this.#held.get(who)?.set(held.id, written);
  }

  async #lose(who: WorkerName): Promise<void> {
    const lost = worker(this.#ids.get(who) ?? who);
    const reborn = `${who}${this.#lost.size + 1}`;
    this.#lost.add(lost);
    this.#ids.set(who, reborn);
    await Promise.all([alive(this.#store, reborn), this.#store.workers.remove(lost)]);
  }

  async #write(previous: Video, next: Video): Promise<Video | 'stale'> {
    const written = await this.#store.videos.swap(previous, next, {
      event: { type: 'video.progress', at: this.#now },
      freeSlot: freesSlot(next),
    });
    if (written !== 'stale') this.#note({ video: written });
    return written;
  }

  #note(written: Written): void {
    const versions = this.#history.get(written.video.id);
    const { id, version } = written.video;
    if (versions?.has(version)) throw new Error(`${id} was written as version ${version} twice`);
    versions?.set(version, written);
  }

  /** Holds the history up to now to what must never break. */
  async check(): Promise<void> {
    let busy = 0;
    for (const [id, versions] of this.#history) {
      const now = await this.#store.videos.find(id);
      expect(now).toEqual(versions.get(versions.size)?.video);
      if (now !== undefined && now.worker !== null && now.status !== 'pending') busy += 1;
      for (let version = 2; version <= versions.size; version += 1)
        this.#checkStep(versions.get(version - 1), versions.get(version));
    }
    expect(busy).toBeLessThanOrEqual(SLOTS.renderer);
    await this.#checkBooks();
  }

  /** Reserve, release and settle add up for each video, and the counters are the sums of the lines. */
  async #checkBooks(): Promise<void> {
    const all: LedgerEntry[] = [];
    for (const [id, versions] of this.#history) {
      const lines = await this.#store.ledger.lines(id);
      const last = versions.get(versions.size)?.video;
      if (last === undefined) throw new Error('a version was skipped');
      all.push(...lines);
      const free = last.charge === null;
      const costs = last.status === 'succeeded' || (!free && !isTerminal(last.status));
      expect(accountOf(lines).reservedSeconds, id).toBe(isTerminal(last.status) || free ? 0 : 5);
      expect(
        lines.reduce((sum, { seconds }) => sum + seconds, 0),
        id,
      ).toBe(costs ? 5 : 0);
      expect(
        lines.reduce((sum, { microUnits }) => sum + microUnits, 0),
        id,
      ).toBe(costs && !free ? 100_000 : 0);
      for (const kind of LEDGER_KINDS)
        expect(lines.filter((line) => line.kind === kind).length, `${id} ${kind}`).toBeLessThanOrEqual(1);
    }
    expect(await this.#store.ledger.account(ALICE, '2027-01')).toEqual(accountOf(all));
  }

  #checkStep(before: Written | undefined, after: Written | undefined): void {
    if (before === undefined || after === undefined) throw new Error('a version was skipped');
    const { status, worker: holder } = before.video;
    if (isTerminal(status)) expect(after.video.status).toBe(status);
    if (isTerminal(after.video.status) && freesSlot(after.video))
      expect([after.video.worker, after.video.dueAt]).toEqual([null, null]);
    if (after.takenOver === undefined) return;
    expect(after.takenOver).toBe(holder !== null);
    // Only from a lost worker may a video be taken: otherwise two would hold it.
    if (holder !== null) expect([...this.#lost]).toContain(holder);
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
            for (const steps of rounds) {
              await run.all(steps);
              await run.check();
            }
          } finally {
            await opened.store.close();
            await opened.close();
          }
        },
      ),
      { numRuns: 20 },
    );
  }, 60_000);
}
