import type { Kysely } from 'kysely';
import type { Video } from '../../../domain/video.ts';
import { HAS_DUE, QUEUED } from './lanes.ts';
import type { Tables } from './schema.ts';

/**
 * The turn of a video that joins its backend's queue: behind all of its owner's own, and not before the turn that is
 * served next. So an owner's thousand videos are numbered on and on, and another's first one stands beside the first of
 * them that still waits. Two that join at the same moment may get the same turn; who has waited longer then goes first.
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
  return { turn: Math.max(served?.turn ?? 0, (own?.turn ?? -1) + 1) };
}
