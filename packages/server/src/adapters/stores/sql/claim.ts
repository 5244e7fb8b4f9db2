import { type Kysely, sql } from 'kysely';
import type { OwnerId } from '../../../domain/id.ts';
import { lease } from '../../../domain/transitions.ts';
import type { Claimed, ClaimWish } from '../../../ports/store.ts';
import type { SqlDialect } from './dialect.ts';
import { HAS_DUE, IN_LANE, QUEUED, RUNNING } from './lanes.ts';
import type { Tables } from './schema.ts';
import { sharesOf } from './shares.ts';
import { freeLapsedSlots, type Places, placesOf } from './slots.ts';
import { noteTurn } from './turns.ts';
import { update } from './update.ts';
import { type VideoRow, videoOf } from './video-row.ts';

/** Leases due videos, and slots with them, in one transaction. */
export function claim(dialect: SqlDialect, wish: ClaimWish): Promise<readonly Claimed[]> {
  return dialect.write(async (transaction) => {
    if (wish.limit <= 0) return [];
    if (wish.lane === 'generate') return claimToGenerate(dialect, transaction, wish);
    if (wish.lane === 'drain' && Object.keys(wish.slots).length === 0) return [];
    const query = due(transaction, wish)
      .where(IN_LANE[wish.lane])
      .$if(wish.lane === 'admit', (query) => query.orderBy('video.priority', 'desc'))
      .$if(wish.lane === 'drain', (query) => query.where('video.backend', 'in', Object.keys(wish.slots)))
      .where(({ or, eb, selectFrom }) =>
        or([
          eb('video.worker', 'is', null),
          eb('video.worker', 'not in', selectFrom('worker').select('worker.id').where('worker.until', '>', wish.now)),
          ...(wish.holding === undefined ? [] : [eb('video.worker', '=', wish.worker)]),
        ]),
      )
      .orderBy('video.due_at')
      .orderBy('video.id')
      .limit(wish.limit);
    const rows = await locked(dialect, query).execute();
    return leaseAll(transaction, await stillFree(dialect, transaction, rows, wish), wish);
  });
}

/**
 * Leaves out what has just got a new, living holder. Where rows are locked one by one, a row is seen as it is when its
 * lock is got, and the workers as they were when the query began: a worker that came in between looks dead.
 */
async function stillFree(
  dialect: SqlDialect,
  transaction: Kysely<Tables>,
  rows: readonly VideoRow[],
  wish: ClaimWish,
): Promise<readonly VideoRow[]> {
  const holders = rows.map(({ worker }) => worker).filter((worker) => worker !== null && worker !== wish.worker);
  if (!dialect.locksRows || holders.length === 0) return rows;
  const living = await transaction
    .selectFrom('worker')
    .select('id')
    .where('id', 'in', holders)
    .where('until', '>', wish.now)
    .execute();
  return rows.filter(({ worker }) => !living.some(({ id }) => id === worker));
}

async function claimToGenerate(
  dialect: SqlDialect,
  transaction: Kysely<Tables>,
  wish: ClaimWish,
): Promise<readonly Claimed[]> {
  // What is free is read, then taken: two claims that did so side by side would each take what both saw.
  await dialect.alone(transaction, 'claim generate');
  await freeLapsedSlots(transaction, wish.now);
  const shares = await sharesOf(transaction);
  const placed: VideoRow[] = [];
  const taken = new Map<string, number>();
  const take = (row: VideoRow) => {
    placed.push(row);
    taken.set(row.backend, (taken.get(row.backend) ?? 0) + 1);
  };
  // Who is at its limit is passed by, and what was behind it is read in another round; each round has one more such owner.
  for (let round = 0; ; round += 1) {
    const lines: (readonly VideoRow[])[] = [];
    const places = new Map<string, Places>();
    for (const [backend, slots] of Object.entries(wish.slots)) {
      const room = roomFor(wish, backend) - (taken.get(backend) ?? 0);
      if (room <= 0 || placed.length >= wish.limit) continue;
      const ofBackend = await placesOf(transaction, backend, slots);
      places.set(backend, ofBackend);
      const others = claimableOf(dialect, transaction, wish, backend, shares.full, placed);
      const begun = await anyBegun(transaction, others);
      if (round === 0 && begun)
        for (const row of await firstOf(others.holders, room)) if (placed.length < wish.limit) take(row);
      // As many as there are free slots: those that wait for another try, then the queue.
      lines.push(await firstOf([...(begun ? others.again : []), others.queue], Math.min(ofBackend.free, room)));
    }
    let passed = false;
    for (const row of merged(lines)) {
      if (placed.length >= wish.limit) break;
      if ((taken.get(row.backend) ?? 0) >= roomFor(wish, row.backend)) continue;
      if (shares.full.includes(row.owner)) passed = true;
      else if (await places.get(row.backend)?.take(videoOf(row))) {
        take(row);
        shares.use(row.owner);
        if (shares.limited) await noteTurn(transaction, row);
      }
    }
    if (!passed) break;
  }
  return leaseAll(transaction, placed, wish);
}

/** Never more than the wish's limit. */
function roomFor({ limit, room = {} }: ClaimWish, backend: string): number {
  return Math.min(limit, Object.hasOwn(room, backend) ? (room[backend] ?? 0) : limit);
}

type Due = ReturnType<typeof due>;

/** The sets of a backend's videos that a claim looks at. */
interface Claimable {
  /** Begun before, and waiting or left by lost workers. */
  readonly begun: readonly Due[];
  /** Of those, the ones that hold their slot already. */
  readonly holders: readonly Due[];
  /** Of those, the ones that hold none, and whose owner may take one. */
  readonly again: readonly Due[];
  readonly queue: Due;
}

/**
 * @param full owners that have as many slots as they may
 * @param placed what this claim has taken already
 */
function claimableOf(
  dialect: SqlDialect,
  transaction: Kysely<Tables>,
  wish: ClaimWish,
  backend: string,
  full: readonly OwnerId[],
  placed: readonly VideoRow[],
): Claimable {
  const ids = placed.map(({ id }) => id);
  const ofBackend = (isDue: typeof DUE) =>
    due(transaction, wish, isDue)
      .where('video.backend', '=', backend)
      .$if(ids.length > 0, (query) => query.where('video.id', 'not in', ids));
  const inLane = ofBackend(DUE).where(IN_LANE.generate);
  // PostgreSQL reads the index in its order only if the order names each of its columns, and no condition has a list.
  const unleased = (dialect.infersConditions ? ofBackend(DUE) : inLane)
    .where(RUNNING)
    .where('video.worker', 'is', null)
    .orderBy('video.worker')
    .orderBy('video.due_at')
    .orderBy('video.id');
  // In no order: by their workers' names they are found at once, and all of them are late.
  const ofLost = inLane.where(
    'video.worker',
    'in',
    transaction.selectFrom('worker').select('worker.id').where('worker.until', '<=', wish.now),
  );
  const unheardOf = wish.holding === undefined ? [] : [inLane.where('video.worker', '=', wish.worker)];
  const begun = [unleased, ofLost, ...unheardOf];
  const queue = ofBackend(DUE_IN_ORDER)
    .where(QUEUED)
    .where('video.worker', 'is', null)
    .orderBy('video.priority', 'desc')
    .orderBy('video.turn')
    .orderBy('video.due_at')
    .orderBy('video.id');
  const within = (query: Due) =>
    locked(dialect, full.length === 0 ? query : query.where('video.owner', 'not in', full));
  return {
    begun,
    holders: begun.map((query) => locked(dialect, query.where(holdsSlot(true)))),
    again: begun.map((query) => within(query.where(holdsSlot(false)))),
    queue: within(queue),
  };
}

/** Mostly nothing is, and one statement says so for all those that would look for it. */
async function anyBegun(transaction: Kysely<Tables>, { begun }: Claimable): Promise<boolean> {
  const { any } = await transaction
    .selectNoFrom(({ exists, or }) => or(begun.map((query) => exists(query))).as('any'))
    .executeTakeFirstOrThrow();
  return Boolean(any);
}

/** Of queries in their order, as many rows as are wanted. */
async function firstOf(queries: readonly Due[], most: number): Promise<readonly VideoRow[]> {
  const rows: VideoRow[] = [];
  for (const query of queries) {
    const rest = most - rows.length;
    if (rest > 0) rows.push(...(await query.limit(rest).execute()));
  }
  return rows;
}

const holdsSlot = (holds: boolean) =>
  sql<boolean>`${sql.raw(holds ? 'exists' : 'not exists')} (select 1 from backend_slot where backend_slot.video = video.id and backend_slot.backend = video.backend)`;

const DUE = (now: number) => sql<boolean>`video.due_at <= ${now}`;
/**
 * The same, in words that no index serves: of a long history few rows have a due time at all, so PostgreSQL believes that
 * next to none is due, and sorts a queue of thousands instead of reading its head from the queue's index.
 */
const DUE_IN_ORDER = (now: number) => sql<boolean>`video.due_at + 0 <= ${now}`;

/** Due videos, to be narrowed to a lane and to who may hold them. */
function due(transaction: Kysely<Tables>, wish: ClaimWish, isDue = DUE) {
  return transaction
    .selectFrom('video')
    .selectAll('video')
    .where(HAS_DUE)
    .where(isDue(wish.now))
    .$if((wish.holding ?? []).length > 0, (query) => query.where('video.id', 'not in', wish.holding ?? []));
}

/** What is read to be taken. */
function locked(dialect: SqlDialect, query: Due): Due {
  return dialect.locksRows ? query.forUpdate('video').skipLocked() : query;
}

/** One line of several backends' lines, each in its own order: of their heads the most urgent, then the longest due. */
function* merged(lines: readonly (readonly VideoRow[])[]): Generator<VideoRow> {
  const rests = lines.map((line) => line.values());
  const heads = rests.map((rest) => rest.next().value);
  for (;;) {
    let first: number | undefined;
    for (const [n, head] of heads.entries()) {
      const best = first === undefined ? undefined : heads[first];
      if (head !== undefined && (best === undefined || isBefore(head, best))) first = n;
    }
    const row = first === undefined ? undefined : heads[first];
    if (first === undefined || row === undefined) return;
    yield row;
    heads[first] = rests[first]?.next().value;
  }
}

function isBefore(a: VideoRow, b: VideoRow): boolean {
  const order = b.priority - a.priority || (a.due_at ?? 0) - (b.due_at ?? 0);
  return order < 0 || (order === 0 && a.id < b.id);
}

async function leaseAll(
  transaction: Kysely<Tables>,
  rows: readonly VideoRow[],
  { worker }: ClaimWish,
): Promise<readonly Claimed[]> {
  const claimed: Claimed[] = [];
  for (const row of rows) {
    const found = videoOf(row);
    const video = await update(transaction, found, lease(found, worker));
    // Nobody else can have written within this transaction; a lock that was passed by would show here.
    if (video !== undefined) claimed.push({ video, takenOver: found.worker !== null });
  }
  return claimed;
}
