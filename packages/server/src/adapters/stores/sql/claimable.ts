import { type Kysely, sql } from 'kysely';
import type { OwnerId } from '../../../domain/id.ts';
import type { ClaimWish } from '../../../ports/store.ts';
import type { SqlDialect } from './dialect.ts';
import { HAS_DUE, IN_LANE, QUEUED, RUNNING } from './lanes.ts';
import type { Tables } from './schema.ts';
import type { VideoRow } from './video-row.ts';

export type Due = ReturnType<typeof due>;

/** What of a backend's videos a claim looks at. */
export interface Claimable {
  /** Begun before, waiting or left by lost workers, and holding their slot still. */
  readonly holders: readonly Due[];
  /** Begun before and holding none, of owners that may take one. */
  readonly again: readonly Due[];
  readonly queue: Due;
}

/**
 * @param full owners that have as many slots as they may
 * @param placed what this claim has taken already
 */
export function claimableOf(
  dialect: SqlDialect,
  transaction: Kysely<Tables>,
  wish: ClaimWish,
  backend: string,
  full: readonly OwnerId[],
  placed: readonly VideoRow[],
): Claimable {
  const begun = begunOf(dialect, transaction, wish, backend, placed);
  const queue = dueOf(transaction, wish, backend, placed, DUE_IN_ORDER)
    .where(QUEUED)
    .where('video.worker', 'is', null)
    .orderBy('video.priority', 'desc')
    .orderBy('video.turn')
    .orderBy('video.due_at')
    .orderBy('video.id');
  const within = (query: Due) =>
    locked(dialect, full.length === 0 ? query : query.where('video.owner', 'not in', full));
  return {
    holders: begun.map((query) => locked(dialect, query.where(holdsSlot(true)))),
    again: begun.map((query) => within(query.where(holdsSlot(false)))),
    queue: within(queue),
  };
}

/** Videos of a backend that were begun before, and wait or were left by lost workers. */
export function begunOf(
  dialect: SqlDialect,
  transaction: Kysely<Tables>,
  wish: ClaimWish,
  backend: string,
  placed: readonly VideoRow[],
): readonly Due[] {
  const all = dueOf(transaction, wish, backend, placed);
  const inLane = all.where(IN_LANE.generate);
  // PostgreSQL reads the index in its order only if the order names each of its columns, and no condition has a list.
  const unleased = (dialect.infersConditions ? all : inLane)
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
  return [unleased, ofLost, ...(wish.holding === undefined ? [] : [inLane.where('video.worker', '=', wish.worker)])];
}

function dueOf(
  transaction: Kysely<Tables>,
  wish: ClaimWish,
  backend: string,
  placed: readonly VideoRow[],
  isDue = DUE,
): Due {
  const ids = placed.map(({ id }) => id);
  return due(transaction, wish, isDue)
    .where('video.backend', '=', backend)
    .$if(ids.length > 0, (query) => query.where('video.id', 'not in', ids));
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
export function due(transaction: Kysely<Tables>, wish: ClaimWish, isDue = DUE) {
  return transaction
    .selectFrom('video')
    .selectAll('video')
    .where(HAS_DUE)
    .where(isDue(wish.now))
    .$if((wish.holding ?? []).length > 0, (query) => query.where('video.id', 'not in', wish.holding ?? []));
}

/** What is read to be taken. */
export function locked(dialect: SqlDialect, query: Due): Due {
  return dialect.locksRows ? query.forUpdate('video').skipLocked() : query;
}
