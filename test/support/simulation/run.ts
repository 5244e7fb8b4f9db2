import { emptyState } from '../../../packages/server/src/adapters/stores/memory/state.ts';
import { createMemoryStore } from '../../../packages/server/src/adapters/stores/memory/store.ts';
import type { OwnerId } from '../../../packages/server/src/domain/id.ts';
import type { OwnerLimits } from '../../../packages/server/src/domain/owner.ts';
import { DEFAULT_POLICY, type Policy } from '../../../packages/server/src/domain/policy.ts';
import { artifactsOf, freesSlot, isTerminal } from '../../../packages/server/src/domain/video.ts';
import { createFakeClock } from '../clock.ts';
import { createFakeIds, createQuietLog } from '../fakes.ts';
import { createFakeArtifacts } from '../world.ts';
import { createCallers } from './callers.ts';
import { createHistory, Violation } from './history.ts';
import { createPeers, isOver, type Mischief, type PeerTraits } from './peers.ts';
import type { StoreMischief } from './process.ts';
import { createChance } from './random.ts';
import { createWorker, type FleetParts, type SimulatedBells, type SimulatedWorker } from './worker.ts';

/** What a run came to; for a reader, and to see that a run was not empty. */
export interface Story {
  readonly seed: number;
  readonly ends: Readonly<Record<string, number>>;
  readonly versions: number;
  readonly creates: number;
  readonly kills: number;
  readonly freezes: number;
  readonly simulatedMs: number;
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const START = Date.UTC(2026, 0, 1);
/** One turn of the event loop runs every promise that can run; two, because a few wait for a turn of their own. */
const SETTLED = 2;

const PEERS: readonly PeerTraits[] = [
  { name: 'renderer', slots: 2, billed: false, canLookUp: false, cancel: 'stops', remote: false },
  { name: 'paid', slots: 2, billed: true, canLookUp: false, cancel: 'ignores', remote: true },
  { name: 'gpu', slots: 1, billed: false, canLookUp: true, cancel: 'stops', remote: true },
  { name: 'club', slots: 2, billed: true, canLookUp: true, cancel: 'stops', remote: true },
];
const SLOTS = Object.fromEntries(PEERS.map(({ name, slots }) => [name, slots]));
const CALM = { refuse: 0, unheard: 0, unsent: 0, poll: 0, fail: 0, hang: 0, stop: 0, lookUp: 0 };
const WORKERS = 2;
/** Far beyond every deadline of the policy together. */
const LIMIT_MS = 40 * MINUTE;

/**
 * One seed's story: callers ask, cancel and delete while workers are killed and frozen, stores fail and lose answers, bells
 * are not heard, and peers do what peers do. Then everybody behaves, and everything must come to its one end.
 *
 * @throws Violation
 */
export async function simulate(seed: number): Promise<Story> {
  const chance = createChance(seed);
  const time = createFakeClock(START, SETTLED);
  const state = emptyState();
  const store = createMemoryStore(state);
  const limits: Readonly<Record<string, OwnerLimits>> = {
    one: chance.happens(0.5) ? { running: chance.between(1, 3) } : {},
    two: chance.happens(0.5) ? { monthlySeconds: chance.of([20, 60]), queued: chance.between(2, 6) } : {},
  };
  for (const [id, owned] of Object.entries(limits))
    await store.keys.addOwner({ id: id as OwnerId, createdAt: START, limits: owned });
  const history = createHistory(store, state, SLOTS, limits);
  const files = new Map<string, Uint8Array>();
  const artifacts = createFakeArtifacts(files, { now: time.now });
  const policy = {
    ...policyOf(chance.happens(0.5), chance.happens(0.5)),
    cancelCharge: chance.of(['release', 'accepted'] as const),
  };
  const level = chance.next();
  const mischief: Mischief = {
    refuse: 0.15 * level,
    unheard: 0.15 * level,
    unsent: 0.1 * level,
    poll: 0.05 * level,
    fail: 0.3 * level,
    hang: 0.1 * level,
    stop: 0.4 * level,
    lookUp: 0.4 * level,
  };
  const storeMischief: StoreMischief = { before: 0.03 * level, after: 0.03 * level, slow: 0.1 };
  const artifactMischief: StoreMischief = { before: 0.05 * level, after: 0.02 * level, slow: 0.1 };
  const bells: SimulatedBells = { lost: chance.of([0, 0.3, 1]), listeners: new Map() };
  const peers = createPeers({ traits: PEERS, chance, time, mischief, files });
  const paidTwice: string[] = [];
  peers.onCreate = (operation) => {
    const { billed, canLookUp } = PEERS.find(({ name }) => name === operation.backend) ?? {
      billed: true,
      canLookUp: false,
    };
    for (const earlier of peers.books) {
      if (earlier.video !== operation.video) continue;
      const over = earlier.stopped || (isOver(earlier, time.now()) && !earlier.good);
      if (earlier.attempt === operation.attempt) paidTwice.push(`${operation.attempt} was created twice`);
      else if ((billed || canLookUp) && !over)
        paidTwice.push(`${operation.attempt} was created although ${earlier.attempt} was accepted`);
    }
  };

  const parts: FleetParts = {
    time,
    chance,
    store,
    videos: history.store,
    artifacts,
    files,
    peers,
    policy,
    limits,
    ids: createFakeIds(),
    log: createQuietLog(),
    bells,
    storeMischief,
    artifactMischief,
  };
  const workers: SimulatedWorker[] = [];
  const alive = () => workers.filter((worker) => !worker.over);
  function startWorkers(): void {
    while (alive().length < WORKERS) {
      const worker = createWorker(parts);
      workers.push(worker);
      worker.start();
    }
  }

  const callers = createCallers(parts);
  let kills = 0;
  let freezes = 0;
  /** One thing that happens. */
  function act(): void {
    const worker = alive().length > 0 ? chance.of(alive()) : undefined;
    const deed = chance.next();
    if (deed < 0.45) callers.submit();
    else if (deed < 0.6) callers.cancel();
    else if (deed < 0.66) callers.remove();
    else if (worker === undefined) return;
    else if (deed < 0.74) {
      kills += 1;
      worker.kill();
    } else if (deed < 0.82) {
      freezes += 1;
      worker.freeze();
      void time.sleep(chance.of([500, 5_000, 45_000])).then(() => worker.thaw());
    } else if (deed < 0.85) worker.stop(chance.of([0, 3_000]));
  }

  startWorkers();
  const ending = time.now() + chance.between(10, 50) * SECOND;
  while (time.now() < ending) {
    await time.advance(chance.between(20, 3_000));
    act();
    if (chance.happens(0.6)) startWorkers();
    history.check();
  }

  // From here on everybody behaves.
  Object.assign(mischief, CALM);
  for (const one of [storeMischief, artifactMischief]) Object.assign(one, { before: 0, after: 0, slow: 0 });
  bells.lost = 0;
  for (const worker of alive()) worker.thaw();
  startWorkers();
  const rows = () => [...state.videos.values()];
  const unsettled = () => rows().filter((video) => !isTerminal(video.status) || !freesSlot(video));
  const limit = time.now() + LIMIT_MS;
  while (callers.busy > 0 || unsettled().length > 0) {
    if (time.now() > limit)
      throw new Violation(`not over after ${LIMIT_MS / MINUTE} minutes: ${JSON.stringify(unsettled(), null, 1)}`);
    await time.advance(5 * SECOND);
  }
  // Now, not later: slots that nobody frees lapse by themselves, and that is only for the worst case.
  const held = [...state.slots.keys()];
  if (held.length > 0) throw new Violation(`slots are left although nothing goes on: ${held.join(', ')}`);
  // Twice past the age at which a file without a name is swept.
  for (let n = 0; n < 2; n += 1) {
    await time.leap(HOUR + MINUTE);
    await time.advance(20 * SECOND);
  }
  for (const worker of alive()) worker.stop(5_000);
  await time.advance(20 * SECOND);

  history.check();
  if (paidTwice.length > 0) throw new Violation(paidTwice.join('\n'));
  const named = new Set(rows().flatMap((video) => artifactsOf(video).map(({ key }) => key)));
  const keys = await artifacts.keys();
  const nobodys = keys.filter((key) => !named.has(key));
  const lost = [...named].filter((key) => !keys.includes(key));
  checkEnds();
  return {
    seed,
    ends: countEnds(),
    versions: [...history.versions.values()].reduce((sum, { length }) => sum + length, 0),
    creates: peers.books.length,
    kills,
    freezes,
    simulatedMs: time.now() - START,
  };

  function checkEnds(): void {
    const broken: string[] = [];
    for (const id of callers.accepted()) {
      const last = history.versions.get(id)?.at(-1);
      if (last === undefined || !isTerminal(last.status)) broken.push(`${id} was accepted and has not ended`);
    }
    const told = new Set<string>();
    for (const { video, version } of state.events) {
      if (told.has(`${video}:${version}`)) broken.push(`${video}:${version} was told twice`);
      told.add(`${video}:${version}`);
    }
    if (state.slots.size > 0) broken.push(`slots are left: ${[...state.slots.keys()].join(', ')}`);
    if (files.size > 0) broken.push(`files of backends are left: ${[...files.keys()].join(', ')}`);
    for (const { id, worker } of rows()) if (worker !== null) broken.push(`${id} is still held by ${worker}`);
    if (nobodys.length > 0) broken.push(`files of nobody: ${nobodys.join(', ')}`);
    if (lost.length > 0) broken.push(`rows name files that are not there: ${lost.join(', ')}`);
    if (broken.length > 0) throw new Violation(broken.join('\n'));
  }

  function countEnds(): Record<string, number> {
    const counted: Record<string, number> = {};
    for (const versions of history.versions.values()) {
      const last = versions.at(-1);
      const end = last === undefined ? 'none' : `${last.status}${last.failure === null ? '' : ` ${last.failure.code}`}`;
      counted[end] = (counted[end] ?? 0) + 1;
    }
    return counted;
  }
}

/** The rules of a real server at a hundredth of their length, so that a story meets all of them. */
function policyOf(expires: boolean, forgets: boolean): Policy {
  return {
    ...DEFAULT_POLICY,
    backoffMs: 500,
    maxBackoffMs: 5 * SECOND,
    pendingDeadlineMs: 45 * SECOND,
    queuedDeadlineMs: 3 * MINUTE,
    runningDeadlineMs: { renderer: 40 * SECOND, '*': 60 * SECOND },
    stallMs: { '*': 30 * SECOND },
    stopLimitMs: 65 * SECOND,
    lateLimitMs: 90 * SECOND,
    lateTtlMs: 3 * MINUTE,
    resultTtlMs: expires ? 2 * MINUTE : undefined,
    rowTtlMs: forgets ? 4 * MINUTE : undefined,
    idempotencyTtlMs: 2 * MINUTE,
  };
}
