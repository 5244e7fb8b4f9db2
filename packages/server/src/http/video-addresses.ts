import type { Video } from '../domain/video.ts';
import type { AppParts } from './parts.ts';

/** Signed addresses of a video, good without a key, the same in every dialect. */
export function videoAddresses({ signer, clock, publicUrl }: Pick<AppParts, 'signer' | 'clock' | 'publicUrl'>) {
  const signed = (path: string, what: string) =>
    `${publicUrl().replace(/\/+$/, '')}${path}?${signer.sign(path, what, clock.now())}`;
  return {
    url: ({ id }: Pick<Video, 'id'>) => signed(contentPath(id), 'video'),
    eventsUrl: ({ id }: Pick<Video, 'id'>) => signed(eventsPath(id), EVENTS),
  };
}

/** What a signature for the events is good for; no variant of the content is called so. */
export const EVENTS = 'events';

/** Signed as it is written here, whatever prefix a proxy puts before it. */
export function contentPath(id: string): string {
  return `/v1/videos/${id}/content`;
}

export function eventsPath(id: string): string {
  return `/v1/videos/${id}/events`;
}
