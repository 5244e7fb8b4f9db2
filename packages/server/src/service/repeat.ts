import type { OwnerId } from '../domain/id.ts';
import type { Video } from '../domain/video.ts';
import type { IdempotencyRecord, VideoStore } from '../ports/store.ts';

/**
 * A caller that names no key but says of a request whether it is sent again: `first` makes a video whatever was asked
 * before, `again` finds the one that the lost answer spoke of.
 */
export type Repeat = 'first' | 'again';

/** A request sent again later than this is one of its own. */
const REPEAT_MS = 10 * 60_000;

/** No caller can write this, so a key of ours is never one of theirs. */
const PREFIX = '\u0001repeat ';

/** The video that this request was answered with before, or the record under which it will be found. */
export async function findRepeated(
  videos: Pick<VideoStore, 'findByKey'>,
  owner: OwnerId,
  repeat: Repeat,
  fingerprint: string,
  now: number,
): Promise<Video | IdempotencyRecord> {
  const key = `${PREFIX}${fingerprint}`;
  if (repeat === 'first') return { key, fingerprint, moves: true };
  const known = (await videos.findByKey(owner, key))?.video;
  // Of two repeats at once one takes the key and the other is answered with its video.
  if (known === undefined) return { key, fingerprint };
  const fresh = known.deletedAt === null && now - known.createdAt <= REPEAT_MS;
  return fresh ? known : { key, fingerprint, moves: true };
}
