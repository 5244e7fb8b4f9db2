import { hash } from 'node:crypto';
import type { Video } from '../../../domain/video.ts';
import type { QueuePlace } from '../../../service/videos.ts';
import type { AppParts } from '../../parts.ts';
import { videoAddresses } from '../../video-addresses.ts';
import { type Surroundings, showVideo } from './translate.ts';

/** What `showVideo` needs beside the row, and what an ETag must stand for beside the version. */
export interface Around extends Surroundings {
  etag(video: Video, place: QueuePlace | undefined): string;
  /** The video as JSON. The ETag stands for all that is in it. */
  text(video: Video, place: QueuePlace | undefined, etag: string): string;
}

export function surroundings(parts: AppParts): Around {
  const { signer, clock, publicUrl, version } = parts;
  let stamped: { readonly base: string; readonly stamp: string } | undefined;
  /** Changes with the release and the address, because either changes what the same version of a video looks like. */
  const stamp = (): string => {
    const base = publicUrl();
    if (stamped?.base !== base) stamped = { base, stamp: hash('sha256', `${version} ${base}`, 'hex').slice(0, 8) };
    return stamped.stamp;
  };
  const around: Surroundings = {
    ...videoAddresses(parts),
  };
  const kept = new WeakMap<Video, { readonly etag: string; readonly text: string }>();
  return {
    ...around,
    etag(video, place) {
      const queue = place === undefined ? '0' : `${place.position}-${place.endsAt ?? ''}`;
      return `"${video.id}.${video.version}.${queue}.${signer.validUntil(clock.now())}.${stamp()}"`;
    },
    // Callers poll, and making the same text anew takes 8 of the 45 µs of such a look. Whose video it is and what version
    // it has was asked of the store before, at each look; the store gives the same object for the same version.
    text(video, place, etag) {
      const known = kept.get(video);
      if (known?.etag === etag) return known.text;
      const text = JSON.stringify(showVideo(video, { ...around, place }));
      kept.set(video, { etag, text });
      return text;
    },
  };
}
