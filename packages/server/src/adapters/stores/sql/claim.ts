import { type Kysely, sql } from 'kysely';
import { lease } from '../../../domain/transitions.ts';
import type { Claimed, ClaimWish } from '../../../ports/store.ts';
import type { SqlDialect } from './dialect.ts';
import { IN_LANE } from './lanes.ts';
import type { Tables } from './schema.ts';
import { freeLapsedSlots, type Taken, takenSlots } from './slots.ts';
import { update } from './update.ts';
import { type VideoRow, videoOf } from './video-row.ts';

/** Leases due videos, and slots with them, in one transaction. */
export function claim(dialect: SqlDialect, wish: ClaimWish): Promise<readonly Claimed[]> {
  return dialect.write(async (transaction) => {
    if (wish.limit <= 0) return [];
    if (wish.lane === 'admit') {
      const rows = await claimable(dialect, transaction, wish).limit(wish.limit).execute();
      return leaseAll(transaction, rows, wish);
    }
    // What is free is read, then taken: two claims that did so side by side would each take what both saw.
    await dialect.alone(transaction, 'claim generate');
    await freeLapsedSlots(transaction, wish.now);
    const taken: Record<string, Taken> = {};
    const candidates: VideoRow[] = [];
    for (const [backend, slots] of Object.entries(wish.slots)) {
      const ofBackend = await takenSlots(transaction, backend, slots, wish.now);
      taken[backend] = ofBackend;
      candidates.push(...(await candidatesOf(dialect, transaction, wish, backend, ofBackend)));
    }
    const chosen = candidates.sort(inOrderOfClaiming).slice(0, wish.limit);
    const placed: VideoRow[] = [];
    for (const row of chosen) {
      const slots = taken[row.backend];
      if (slots?.dueHolders.includes(row.id) || (await slots?.take(videoOf(row)))) placed.push(row);
    }
    return leaseAll(transaction, placed, wish);
  });
}

/** Due videos of a backend: those that hold a slot already, and as many others as there are free slots. */
async function candidatesOf(
  dialect: SqlDialect,
  transaction: Kysely<Tables>,
  wish: ClaimWish,
  backend: string,
  taken: Taken,
): Promise<readonly VideoRow[]> {
  const due = claimable(dialect, transaction, wish).where('video.backend', '=', backend);
  const holding =
    taken.dueHolders.length === 0
      ? []
      : await due.where('video.id', 'in', taken.dueHolders).limit(wish.limit).execute();
  const places = Math.min(taken.free, wish.limit);
  if (places === 0) return holding;
  const others = await due
    .where(({ eb, selectFrom }) =>
      eb('video.id', 'not in', selectFrom('backend_slot').select('backend_slot.video').where('backend', '=', backend)),
    )
    .limit(places)
    .execute();
  return [...holding, ...others];
}

/** Due videos of the wish's lane that no living worker holds, in the order of claiming. */
function claimable(dialect: SqlDialect, transaction: Kysely<Tables>, wish: ClaimWish) {
  return transaction
    .selectFrom('video')
    .selectAll('video')
    .where(IN_LANE[wish.lane])
    .where(sql<boolean>`video.due_at is not null`)
    .where('video.due_at', '<=', wish.now)
    .where(({ or, eb, selectFrom }) =>
      or([
        eb('video.worker', 'is', null),
        eb('video.worker', 'not in', selectFrom('worker').select('worker.id').where('worker.until', '>', wish.now)),
      ]),
    )
    .orderBy('video.priority', 'desc')
    .orderBy('video.due_at')
    .orderBy('video.id')
    .$if(dialect.locksRows, (query) => query.forUpdate().skipLocked());
}

function inOrderOfClaiming(a: VideoRow, b: VideoRow): number {
  return b.priority - a.priority || (a.due_at ?? 0) - (b.due_at ?? 0) || (a.id < b.id ? -1 : 1);
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
