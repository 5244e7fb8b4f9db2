import { type Kysely, sql } from 'kysely';
import { Fault } from '../../../domain/fault.ts';
import type { OwnerId, VideoId } from '../../../domain/id.ts';
import type { Video } from '../../../domain/video.ts';
import type { Page, Slice } from '../../../ports/store.ts';
import type { SqlDialect } from './dialect.ts';
import type { Tables } from './schema.ts';
import { searchable } from './tags.ts';
import { videoOf } from './video-row.ts';

/** One page of an owner's videos. Position is (created_at, id), so videos of one millisecond are still told apart. */
export async function list({ reader }: SqlDialect, owner: OwnerId, page: Page): Promise<Slice<Video>> {
  const after = page.after === undefined ? undefined : await createdAtOf(reader, owner, page.after);
  const { status, model, tag } = page;
  // A tag's rows carry the order themselves, so its index gives the page without sorting.
  const [at, id] = tag === undefined ? ['video.created_at', 'video.id'] : ['video_tag.created_at', 'video_tag.video'];
  const direction = sql.raw(page.order);
  const rows = await reader
    .selectFrom('video')
    .selectAll('video')
    .$if(tag !== undefined, (query) => query.innerJoin('video_tag', 'video_tag.video', 'video.id'))
    .$if(tag !== undefined, (query) =>
      query
        .where(sql.ref('video_tag.owner'), '=', owner)
        .where(sql.ref('video_tag.key'), '=', searchable(tag?.key ?? ''))
        .where(sql.ref('video_tag.value'), '=', searchable(tag?.value ?? '')),
    )
    .where('video.owner', '=', owner)
    .where('video.deleted_at', 'is', null)
    .$if(status !== undefined, (query) => query.where('video.status', '=', status ?? 'pending'))
    .$if(model !== undefined, (query) => query.where('video.model', '=', searchable(model ?? '')))
    .$if(after !== undefined, (query) =>
      query.where(
        sql<boolean>`(${sql.ref(at)}, ${sql.ref(id)}) ${sql.raw(page.order === 'asc' ? '>' : '<')} (${after}, ${page.after})`,
      ),
    )
    .orderBy(sql`${sql.ref(at)} ${direction}, ${sql.ref(id)} ${direction}`)
    .limit(page.limit + 1)
    .execute();
  return { items: rows.slice(0, page.limit).map(videoOf), hasMore: rows.length > page.limit };
}

/** Where the page before this one ended. A tombstone still marks its place, so that a delete breaks nobody's paging. */
async function createdAtOf(reader: Kysely<Tables>, owner: OwnerId, id: VideoId): Promise<number> {
  const row = await reader
    .selectFrom('video')
    .select('created_at')
    .where('id', '=', id)
    .where('owner', '=', owner)
    .executeTakeFirst();
  if (row === undefined) throw new Fault('invalid_request', `after: there is no video "${id}".`, { param: 'after' });
  return row.created_at;
}
