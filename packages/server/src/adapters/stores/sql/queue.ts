import { sql } from 'kysely';
import type { OwnerId, VideoId } from '../../../domain/id.ts';
import { STATUSES, type Status, type Video } from '../../../domain/video.ts';
import type { ClaimWish } from '../../../ports/store.ts';
import { compiled } from './compiled.ts';
import type { SqlDialect } from './dialect.ts';
import { IN_LANE } from './lanes.ts';

/**
 * How many queued videos of the same backend stand before one in the order of claiming. Asked at each look at a queued
 * video, so it is compiled once and counts two ranges of one index.
 */
export function queuePositions(dialect: SqlDialect): (video: Video) => Promise<number> {
  const before = compiled(dialect, (database) =>
    database
      .selectFrom('video as self')
      .select(({ selectFrom }) => {
        const others = selectFrom('video')
          .select(({ fn }) => fn.countAll<number>().as('videos'))
          .where(IN_LANE.generate)
          .where(sql<boolean>`video.due_at is not null`)
          .where(sql<boolean>`video.status = 'queued'`)
          .whereRef('video.backend', '=', 'self.backend');
        return [
          others.whereRef('video.priority', '>', 'self.priority').as('urgent'),
          others
            .whereRef('video.priority', '=', 'self.priority')
            .where(sql<boolean>`(video.due_at, video.id) < (self.due_at, self.id)`)
            .as('earlier'),
        ];
      })
      .where('self.id', '=', '' as VideoId)
      .where(sql<boolean>`self.status = 'queued'`),
  );
  return async ({ id }) => {
    const row = await before(id);
    return Number(row?.urgent ?? 0) + Number(row?.earlier ?? 0);
  };
}

/** Videos by status, of one owner or of all, without the deleted ones. */
export async function counts({ reader }: SqlDialect, owner?: OwnerId): Promise<Readonly<Record<Status, number>>> {
  const rows = await reader
    .selectFrom('video')
    .select(({ fn }) => ['status', fn.countAll<number>().as('videos')])
    .where('deleted_at', 'is', null)
    .$if(owner !== undefined, (query) => query.where('owner', '=', owner as OwnerId))
    .groupBy('status')
    .execute();
  const counted = new Map(rows.map((row) => [row.status, Number(row.videos)]));
  return Object.fromEntries(STATUSES.map((status) => [status, counted.get(status) ?? 0])) as Record<Status, number>;
}

/** When the next unleased video of a lane becomes due. */
export async function nextDue(
  { reader }: SqlDialect,
  lane: ClaimWish['lane'],
  backends: readonly string[],
  after?: number,
): Promise<number | undefined> {
  if (lane === 'generate' && backends.length === 0) return undefined;
  const { next } = await reader
    .selectFrom('video')
    .select(({ fn }) => fn.min('due_at').as('next'))
    .where(IN_LANE[lane])
    .where(sql<boolean>`video.due_at is not null`)
    .where('worker', 'is', null)
    .$if(lane === 'generate', (query) => query.where('backend', 'in', backends))
    .$if(after !== undefined, (query) => query.where('due_at', '>', after ?? 0))
    .executeTakeFirstOrThrow();
  return next === null ? undefined : Number(next);
}
