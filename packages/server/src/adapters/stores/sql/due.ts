import { type Kysely, type SelectQueryBuilder, sql } from 'kysely';
import type { Video } from '../../../domain/video.ts';
import type { DueAt, DueKind } from '../../../ports/store.ts';
import type { SqlDialect } from './dialect.ts';
import type { Tables } from './schema.ts';
import { type VideoRow, videoOf } from './video-row.ts';

type Query = SelectQueryBuilder<Tables, 'video', VideoRow>;

/** What lane `sweep` has to act on, longest due first. */
export async function due({ reader }: SqlDialect, kind: DueKind, at: DueAt): Promise<readonly Video[]> {
  const rows: VideoRow[] = [];
  for (const query of QUERIES[kind](reader, at)) {
    if (rows.length < at.limit) rows.push(...(await query.limit(at.limit - rows.length).execute()));
  }
  return rows.map(videoOf);
}

/** Each query asks by one column with an index that holds little else, so that a sweep of a large table stays cheap. */
const QUERIES = {
  overdue: (reader, { now }) => [videos(reader).where('deadline_at', '<=', now).orderBy('deadline_at').orderBy('id')],
  expiring: (reader, { now }) => [
    videos(reader)
      .where(sql<boolean>`expired = 0`)
      .where('expires_at', '<=', now)
      .where('completed_at', 'is not', null)
      .orderBy('expires_at')
      .orderBy('id'),
  ],
  late: (reader, { now }) => [videos(reader).where('late_until', '<=', now).orderBy('late_until').orderBy('id')],
  purgeable: (reader, at) => [
    withoutObligations(videos(reader), at).where('deleted_at', '<=', at.now).orderBy('deleted_at').orderBy('id'),
    ...(at.finishedBefore === undefined
      ? []
      : [
          withoutObligations(videos(reader), at)
            .where('completed_at', '<', at.finishedBefore)
            .where('deleted_at', 'is', null)
            .orderBy('completed_at')
            .orderBy('id'),
        ]),
  ],
} as const satisfies Record<DueKind, (reader: Kysely<Tables>, at: DueAt) => readonly Query[]>;

function videos(reader: Kysely<Tables>): Query {
  return reader.selectFrom('video').selectAll('video');
}

/** Finished, nothing open or taken at a peer, no late result kept, and no idempotency key that must still be answered. */
function withoutObligations(query: Query, { now, keysBefore }: DueAt): Query {
  return query
    .where('completed_at', 'is not', null)
    .where('late_until', 'is', null)
    .where(({ eb, or }) => or([eb('attempt_state', 'is', null), eb('attempt_state', '=', 'closed')]))
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('backend_slot')
            .select('backend_slot.n')
            .whereRef('backend_slot.video', '=', 'video.id')
            .where(({ eb, or }) => or([eb('backend_slot.until', 'is', null), eb('backend_slot.until', '>', now)])),
        ),
      ),
    )
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('idempotency')
            .select('idempotency.key')
            .whereRef('idempotency.video', '=', 'video.id')
            .$if(keysBefore !== undefined, (key) => key.where('idempotency.created_at', '>=', keysBefore ?? 0)),
        ),
      ),
    );
}
