import type { Video } from '../../../domain/video.ts';
import { type VideoRow, videoOf } from '../sql/video-row.ts';
import { openReader } from './connection.ts';

/** All videos of a database file, deleted ones left out, one after the other: for checking a copy. */
export function* readVideos(path: string): Generator<Video> {
  const connection = openReader(path);
  try {
    const rows = connection.prepare('select * from video where deleted_at is null order by id').iterate();
    for (const row of rows) yield videoOf(row as VideoRow);
  } finally {
    connection.close();
  }
}
