import type { Kysely } from 'kysely';
import type { Video } from '../../../domain/video.ts';
import type { Tables } from './schema.ts';
import { rowOf } from './video-row.ts';

/** Writes a video as the version after `previous`; undefined when somebody wrote since, and then nothing was written. */
export async function update(
  transaction: Kysely<Tables>,
  previous: Video,
  next: Video,
  place: { readonly turn?: number } = {},
): Promise<Video | undefined> {
  const written: Video = { ...next, version: previous.version + 1 };
  const { numUpdatedRows } = await transaction
    .updateTable('video')
    .set({ ...rowOf(written), ...place })
    .where('id', '=', previous.id)
    .where('version', '=', previous.version)
    .executeTakeFirst();
  return numUpdatedRows === 0n ? undefined : written;
}
