import { type Kysely, sql } from 'kysely';
import type { Video } from '../../../domain/video.ts';
import { HAS_DUE, QUEUED } from './lanes.ts';
import type { Tables } from './schema.ts';
import type { VideoRow } from './video-row.ts';

/**
 * The turn of a video that joins its backend's queue: behind all of its owner's own, and not before the turn that is
 * served next. So an owner's thousand videos are numbered on and on, and another's first one stands beside the first of
 * them that still waits. Two that join at the same moment may get the same turn; who has waited longer then goes first.
 *
 * What an owner's running limit holds back stays at its old turns, which are no place for newcomers: their many videos
 * would go before everybody else's. So nobody joins before a turn that was served already.
 */
export async function placeInQueue(
  transaction: Kysely<Tables>,
  { id, owner, backend }: Video,
): Promise<{ turn: number }> {
  const self = await transaction.selectFrom('video').select('priority').where('id', '=', id).executeTakeFirst();
  const queue = transaction
    .selectFrom('video')
    .select('turn')
    .where(QUEUED)
    .where(HAS_DUE)
    .where('backend', '=', backend)
    .where('priority', '=', self?.priority ?? 0);
  const served = await queue.where('worker', 'is', null).orderBy('turn').limit(1).executeTakeFirst();
  const own = await queue.where('owner', '=', owner).orderBy('turn', 'desc').limit(1).executeTakeFirst();
  const furthest = await transaction
    .selectFrom('queue_turn')
    .select('turn')
    .where('backend', '=', backend)
    .where('priority', '=', self?.priority ?? 0)
    .executeTakeFirst();
  return { turn: Math.max(Number(served?.turn ?? 0), Number(own?.turn ?? -1) + 1, Number(furthest?.turn ?? 0)) };
}

/** Remembers that a turn is served; only needed where limits let owners fall behind the others. */
export async function noteTurn(
  transaction: Kysely<Tables>,
  { backend, priority, turn, status }: VideoRow,
): Promise<void> {
  if (status !== 'queued') return;
  await transaction
    .insertInto('queue_turn')
    .values({ backend, priority, turn })
    .onConflict((conflict) =>
      conflict
        .columns(['backend', 'priority'])
        .doUpdateSet({ turn: sql`excluded.turn` })
        .where(sql<boolean>`queue_turn.turn < excluded.turn`),
    )
    .execute();
}
