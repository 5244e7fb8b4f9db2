import { type RawBuilder, sql } from 'kysely';
import type { ClaimWish } from '../../../ports/store.ts';

/**
 * Which videos belong to a lane. Written out, without bound values, because SQLite uses a partial index only for a query
 * that repeats the index's own condition word for word.
 */
export const IN_LANE = {
  admit: sql<boolean>`video.status = 'pending'`,
  generate: sql<boolean>`video.status in ('queued', 'running')`,
  drain: sql<boolean>`video.status in ('failed', 'cancelled')`,
} as const satisfies Record<ClaimWish['lane'], RawBuilder<boolean>>;

/** Videos of lane `generate` that have not begun, and those that have. */
export const QUEUED = sql<boolean>`video.status = 'queued'`;
export const RUNNING = sql<boolean>`video.status = 'running'`;
/** The other half of the lanes' indexes' conditions. */
export const HAS_DUE = sql<boolean>`video.due_at is not null`;
