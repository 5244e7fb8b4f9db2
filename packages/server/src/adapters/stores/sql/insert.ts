import type { Kysely } from 'kysely';
import type { Video } from '../../../domain/video.ts';
import type { IdempotencyRecord, Inserted, VideoStore } from '../../../ports/store.ts';
import { type Books, Refused } from './books.ts';
import { compiledWrite } from './compiled.ts';
import type { SqlDialect } from './dialect.ts';
import type { WriteEffects } from './effects.ts';
import type { Tables } from './schema.ts';
import { insertTags } from './tags.ts';
import { ROW_COLUMNS, rowOf, videoOf } from './video-row.ts';

/** What an insert needs of a video to compile its statement; values don't matter, their names and order do. */
const SHAPE = Object.fromEntries(ROW_COLUMNS.map((column) => [column, null])) as unknown as ReturnType<typeof rowOf>;

/** Inserts a video with its effects in one transaction, unless its idempotency key was used before. */
export function inserting(dialect: SqlDialect, writeEffects: WriteEffects, books: Books): VideoStore['insert'] {
  // The hottest write of all: building and compiling it anew took a quarter of the CPU time of a create.
  const insertVideo = compiledWrite(dialect, (database) => database.insertInto('video').values(SHAPE));
  const insert: VideoStore['insert'] = (video, effects) =>
    dialect.write(async (transaction) => {
      const asked = effects.idempotency;
      while (asked !== undefined && !(await takeKey(transaction, video, asked))) {
        const answer = await answerOfKey(transaction, video, asked);
        // The video and its key were purged between the two statements: then the key is new again.
        if (answer !== undefined) return answer;
      }
      await books.open(transaction, video, effects.within);
      const row = rowOf(video);
      await insertVideo(transaction, ...ROW_COLUMNS.map((column) => row[column]));
      await insertTags(transaction, video);
      await writeEffects(transaction, video, effects);
      return { outcome: 'inserted', video };
    });
  return async (video, effects) => {
    try {
      return await insert(video, effects);
    } catch (error) {
      if (error instanceof Refused) return { outcome: 'refused', refusal: error.refusal };
      throw error;
    }
  };
}

/** Insert first, look afterwards: of two concurrent asks one takes the key and the other sees what it made. */
async function takeKey(
  transaction: Kysely<Tables>,
  video: Video,
  { key, fingerprint, moves = false }: IdempotencyRecord,
): Promise<boolean> {
  const taken = await transaction
    .insertInto('idempotency')
    .values({ owner: video.owner, key, fingerprint, video: video.id, created_at: video.createdAt })
    .onConflict((conflict) =>
      moves
        ? conflict.columns(['owner', 'key']).doUpdateSet({ fingerprint, video: video.id, created_at: video.createdAt })
        : conflict.doNothing(),
    )
    .executeTakeFirst();
  return taken.numInsertedOrUpdatedRows === 1n;
}

async function answerOfKey(
  transaction: Kysely<Tables>,
  video: Video,
  { key, fingerprint }: IdempotencyRecord,
): Promise<Inserted | undefined> {
  const known = await transaction
    .selectFrom('idempotency')
    .innerJoin('video', 'video.id', 'idempotency.video')
    .selectAll('video')
    .select('idempotency.fingerprint')
    .where('idempotency.owner', '=', video.owner)
    .where('idempotency.key', '=', key)
    .executeTakeFirst();
  if (known === undefined) return undefined;
  return known.fingerprint === fingerprint ? { outcome: 'replayed', video: videoOf(known) } : { outcome: 'mismatch' };
}
