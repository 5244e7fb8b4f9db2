import type { Kysely } from 'kysely';
import { lease } from '../../../domain/transitions.ts';
import type { Claimed, ClaimWish } from '../../../ports/store.ts';
import { claimableOf, type Due, due, locked } from './claimable.ts';
import type { SqlDialect } from './dialect.ts';
import { IN_LANE } from './lanes.ts';
import type { Tables } from './schema.ts';
import { sharesOf, UNLIMITED } from './shares.ts';
import { freeLapsedSlots, type Places, placesOf } from './slots.ts';
import { survey } from './survey.ts';
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
  let seen = await survey(dialect, transaction, wish, []);
  if (seen.lapsed) {
    await freeLapsedSlots(transaction, wish.now);
    seen = await survey(dialect, transaction, wish, []);
  }
  const shares = seen.limited ? await sharesOf(transaction) : UNLIMITED;
  const placed: VideoRow[] = [];
  const taken = new Map<string, number>();
  const take = (row: VideoRow) => {
    placed.push(row);
    taken.set(row.backend, (taken.get(row.backend) ?? 0) + 1);
  };
  // Who is at its limit is passed by, and what was behind it is read in another round; each round has one more such owner.
  for (let round = 0; ; round += 1) {
    if (round > 0) seen = await survey(dialect, transaction, wish, placed);
    const lines: (readonly VideoRow[])[] = [];
    const places = new Map<string, Places>();
    for (const [backend, slots] of Object.entries(wish.slots)) {
      const room = roomFor(wish, backend) - (taken.get(backend) ?? 0);
      if (room <= 0 || placed.length >= wish.limit) continue;
      const { slotsTaken, begun } = seen.of(backend);
      const ofBackend = placesOf(transaction, backend, slots, slotsTaken);
      places.set(backend, ofBackend);
      const others = claimableOf(dialect, transaction, wish, backend, shares.full, placed);
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

/** Of queries in their order, as many rows as are wanted. */
async function firstOf(queries: readonly Due[], most: number): Promise<readonly VideoRow[]> {
  const rows: VideoRow[] = [];
  for (const query of queries) {
    const rest = most - rows.length;
    if (rest > 0) rows.push(...(await query.limit(rest).execute()));
  }
  return rows;
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
