import type { Kysely } from 'kysely';
import type { Video } from '../../../domain/video.ts';
import type { Effects, IdempotencyRecord, Inserted } from '../../../ports/store.ts';
import type { SqlDialect } from './dialect.ts';
import { writeEffects } from './effects.ts';
import type { Tables } from './schema.ts';
import { insertTags } from './tags.ts';
import { rowOf, videoOf } from './video-row.ts';

/** Inserts a video with its effects in one transaction, unless its idempotency key was used before. */
export function insert(dialect: SqlDialect, video: Video, effects: Effects): Promise<Inserted> {
  return dialect.write(async (transaction) => {
    if (effects.idempotency !== undefined && !(await takeKey(transaction, video, effects.idempotency))) {
      return answerOfKey(transaction, video, effects.idempotency);
    }
    await transaction.insertInto('video').values(rowOf(video)).execute();
    await insertTags(transaction, video);
    await writeEffects(transaction, video, effects);
    return { outcome: 'inserted', video };
  });
}

/** Insert first, look afterwards: of two concurrent asks one takes the key and the other sees what it made. */
async function takeKey(
  transaction: Kysely<Tables>,
  video: Video,
  { key, fingerprint }: IdempotencyRecord,
): Promise<boolean> {
  const taken = await transaction
    .insertInto('idempotency')
    .values({ owner: video.owner, key, fingerprint, video: video.id, created_at: video.createdAt })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  return taken.numInsertedOrUpdatedRows === 1n;
}

async function answerOfKey(
  transaction: Kysely<Tables>,
  video: Video,
  { key, fingerprint }: IdempotencyRecord,
): Promise<Inserted> {
  const known = await transaction
    .selectFrom('idempotency')
    .innerJoin('video', 'video.id', 'idempotency.video')
    .selectAll('video')
    .select('idempotency.fingerprint')
    .where('idempotency.owner', '=', video.owner)
    .where('idempotency.key', '=', key)
    .executeTakeFirstOrThrow();
  return known.fingerprint === fingerprint ? { outcome: 'replayed', video: videoOf(known) } : { outcome: 'mismatch' };
}
