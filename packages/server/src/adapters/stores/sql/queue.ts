import { sql } from 'kysely';
import type { Attempt } from '../../../domain/attempt.ts';
import type { OwnerId, VideoId, WorkerId } from '../../../domain/id.ts';
import { STATUSES, type Status, type Video } from '../../../domain/video.ts';
import type { ClaimWish, KeptAfter } from '../../../ports/store.ts';
import { compiled } from './compiled.ts';
import type { SqlDialect } from './dialect.ts';
import { HAS_DUE, IN_LANE, QUEUED } from './lanes.ts';
import { videoOf } from './video-row.ts';

/**
 * How many queued videos of the same backend stand before one in the order of claiming. Asked at each look at a queued
 * video, so it is compiled once, counts two ranges of one index, and is believed until somebody writes.
 */
export function queuePositions(dialect: SqlDialect): (video: Video) => Promise<number> {
  const before = compiled(dialect, (database) =>
    database
      .selectFrom('video as self')
      .select(({ selectFrom }) => {
        const others = selectFrom('video')
          .select(({ fn }) => fn.countAll<number>().as('videos'))
          .where(QUEUED)
          .where(HAS_DUE)
          .whereRef('video.backend', '=', 'self.backend');
        return [
          others.whereRef('video.priority', '>', 'self.priority').as('urgent'),
          others
            .whereRef('video.priority', '=', 'self.priority')
            .where(sql<boolean>`(video.turn, video.due_at, video.id) < (self.turn, self.due_at, self.id)`)
            .as('earlier'),
        ];
      })
      .where('self.id', '=', '' as VideoId)
      .where(sql<boolean>`self.status = 'queued'`),
  );
  const counted = new Map<VideoId, number>();
  let countedAt: number | undefined;
  return async ({ id }) => {
    const epoch = dialect.direct?.epoch();
    if (epoch !== countedAt) counted.clear();
    countedAt = epoch;
    const known = epoch === undefined ? undefined : counted.get(id);
    if (known !== undefined) return known;
    const row = await before(id);
    const position = Number(row?.urgent ?? 0) + Number(row?.earlier ?? 0);
    if (epoch !== undefined && epoch === countedAt) counted.set(id, position);
    return position;
  };
}

/** How many videos wait for their first attempt, over all owners and backends: two ranges of indexes. */
export function waitingCount(dialect: SqlDialect): () => Promise<number> {
  const count = compiled(dialect, (database) =>
    database.selectNoFrom(({ selectFrom }) => {
      const videos = selectFrom('video')
        .select(({ fn }) => fn.countAll<number>().as('videos'))
        .where(HAS_DUE);
      return [videos.where(IN_LANE.admit).as('pending'), videos.where(QUEUED).as('queued')];
    }),
  );
  return async () => {
    const row = await count();
    return Number(row?.pending ?? 0) + Number(row?.queued ?? 0);
  };
}

/** Videos of a backend that succeeded last, the newest first: what its speed is measured by. */
export async function recent({ reader }: SqlDialect, backend: string, limit: number): Promise<readonly Video[]> {
  const rows = await reader
    .selectFrom('video')
    .selectAll()
    .where(sql<boolean>`status = 'succeeded'`)
    .where('backend', '=', backend)
    .orderBy('completed_at', 'desc')
    .limit(limit)
    .execute();
  return rows.map(videoOf);
}

/** Along the index of what has finished; few of it has failed. */
export async function kept(
  { reader }: SqlDialect,
  after: KeptAfter | undefined,
  limit: number,
): Promise<readonly Video[]> {
  const rows = await reader
    .selectFrom('video')
    .selectAll()
    .where('completed_at', 'is not', null)
    .where('status', '=', 'succeeded')
    .where('expired', '=', 0)
    .where('deleted_at', 'is', null)
    .$if(after !== undefined, (query) =>
      query.where(sql<boolean>`(completed_at, id) > (${after?.completedAt}, ${after?.id})`),
    )
    .orderBy('completed_at')
    .orderBy('id')
    .limit(limit)
    .execute();
  return rows.map(videoOf);
}

/** The backends of lane `generate`, each found by one step along the index: there are few, and many videos. */
export async function backendsInUse({ reader }: SqlDialect): Promise<readonly string[]> {
  const names: string[] = [];
  for (;;) {
    const last = names.at(-1);
    const row = await reader
      .selectFrom('video')
      .select('backend')
      .where(IN_LANE.generate)
      .where(HAS_DUE)
      .$if(last !== undefined, (query) => query.where('backend', '>', last ?? ''))
      .orderBy('backend')
      .limit(1)
      .executeTakeFirst();
    if (row === undefined) return names;
    names.push(row.backend);
  }
}

/** The videos whose lease names a worker. */
export async function heldBy({ reader }: SqlDialect, worker: WorkerId): Promise<ReadonlySet<VideoId>> {
  const rows = await reader.selectFrom('video').select('id').where('worker', '=', worker).execute();
  return new Set(rows.map(({ id }) => id));
}

/** Attempts that are not closed: each holds a slot, so the slots are where to look. */
export async function openAttempts({ reader }: SqlDialect): Promise<readonly Attempt[]> {
  const rows = await reader
    .selectFrom('backend_slot')
    .innerJoin('video', 'video.id', 'backend_slot.video')
    .selectAll('video')
    .execute();
  return rows.flatMap((row) => {
    const { attempt } = videoOf(row);
    return attempt === null || attempt.state === 'closed' ? [] : [attempt];
  });
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

/** When the next unleased video of a lane becomes due: one statement, a step along an index for each backend and status. */
export async function nextDue(
  { reader }: SqlDialect,
  lane: ClaimWish['lane'],
  backends: readonly string[],
  after?: number,
): Promise<number | undefined> {
  const query = reader
    .selectFrom('video')
    .select(({ fn }) => fn.min('due_at').as('next'))
    .where(IN_LANE[lane])
    .where(HAS_DUE)
    .where('worker', 'is', null)
    .$if(after !== undefined, (narrow) => narrow.where('due_at', '>', after ?? 0));
  const queries = {
    admit: () => [query],
    generate: () =>
      backends.flatMap((backend) =>
        (['queued', 'running'] as const).map((status) =>
          query.where('backend', '=', backend).where('status', '=', status),
        ),
      ),
    drain: () => backends.map((backend) => query.where('backend', '=', backend)),
  } satisfies Record<ClaimWish['lane'], () => unknown>;
  const [first, ...others] = queries[lane]();
  if (first === undefined) return undefined;
  const rows = await others.reduce((all, one) => all.unionAll(one), first).execute();
  const found = rows.flatMap(({ next }) => (next === null ? [] : [Number(next)]));
  return found.length === 0 ? undefined : Math.min(...found);
}
