import { type RawBuilder, sql } from 'kysely';
import type { ClaimWish } from '../../../ports/store.ts';

/**
 * Which videos belong to a lane. Written out, without bound values, because SQLite uses a partial index only for a query
 * that repeats the index's own condition word for word.
 */
export const IN_LANE = {
  admit: sql<boolean>`video.status = 'pending'`,
  generate: sql<boolean>`video.status in ('queued', 'running')`,
} as const satisfies Record<ClaimWish['lane'], RawBuilder<boolean>>;
