import type { Kysely } from 'kysely';
import type { Video } from '../../../domain/video.ts';
import type { Tables } from './schema.ts';

/**
 * A text as it is searched for. PostgreSQL holds neither NUL nor half of a surrogate pair in a text; the tag itself is kept
 * as it was sent, in the body.
 */
export function searchable(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\ufffd');
}

/** Makes a new video findable by its tags. */
export async function insertTags(transaction: Kysely<Tables>, video: Video): Promise<void> {
  const { id, owner, createdAt, generation } = video;
  const rows = Object.entries(generation.tags).map(([key, value]) => ({
    video: id,
    owner,
    key: searchable(key),
    value: searchable(value),
    created_at: createdAt,
  }));
  if (rows.length > 0) await transaction.insertInto('video_tag').values(rows).execute();
}

/** Follows a change of a video's tags, which only a delete makes. */
export async function replaceTags(transaction: Kysely<Tables>, previous: Video, next: Video): Promise<void> {
  if (JSON.stringify(previous.generation.tags) === JSON.stringify(next.generation.tags)) return;
  await transaction.deleteFrom('video_tag').where('video', '=', next.id).execute();
  await insertTags(transaction, next);
}
