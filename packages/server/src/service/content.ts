import type { Caller } from '../domain/api-key.ts';
import { Fault } from '../domain/fault.ts';
import type { VideoId } from '../domain/id.ts';
import type { Artifact } from '../domain/result.ts';
import { isTerminal, type Video } from '../domain/video.ts';
import { type ArtifactStore, type ByteRange, type OpenedArtifact, readWhole } from '../ports/artifacts.ts';
import type { VideoStore } from '../ports/store.ts';

export type { ByteRange, OpenedArtifact };

/** The files a video has. */
export const VARIANTS = [
  'video',
  'thumbnail',
  'spritesheet',
  'first_frame',
  'last_frame',
  'output_last_frame',
] as const;
export type Variant = (typeof VARIANTS)[number];

/** A file that is there, not yet opened: enough to answer HEAD, 304 and ranges. */
export interface Content {
  readonly artifact: Artifact;
  readonly video: Video;
  open(range: ByteRange | undefined, signal: AbortSignal): Promise<OpenedArtifact>;
  /** An address that leads straight to the file for a few minutes, where the operator wants that. */
  link?(disposition: string): Promise<string>;
}

/** Long enough to begin a download; what has begun is not cut off. */
const LINK_MS = 5 * 60_000;

interface ContentParts {
  readonly store: VideoStore;
  readonly artifacts: ArtifactStore;
  find(caller: Caller | 'signed', id: string): Promise<Video>;
}

/** How soon it is worth asking again for content that is not ready. */
const NOT_READY_RETRY_MS = 2_000;

export function createContent({ store, artifacts, find }: ContentParts) {
  async function content(caller: Caller | 'signed', id: string, variant: Variant): Promise<Content> {
    const video = await find(caller, id);
    const artifact = artifactOf(video, variant);
    return {
      artifact,
      video,
      async open(range, signal) {
        const opened = await artifacts.open(artifact.key, range, signal);
        // The row is the truth; a file that is gone although its row says otherwise was expired or deleted just now.
        if (opened === undefined) throw expired();
        return opened;
      },
      ...(artifacts.link === undefined
        ? {}
        : {
            link: async (disposition: string) =>
              (await artifacts.link?.(artifact.key, { ttlMs: LINK_MS, type: artifact.type, disposition })) ?? '',
          }),
    };
  }

  async function outputFrame(caller: Caller, id: VideoId, param: string): Promise<Uint8Array> {
    const video = await store.find(id, caller.owner);
    if (video === undefined) throw new Fault('invalid_image', `${param}: there is no video ${id}.`, { param });
    if (video.expired) throw new Fault('invalid_image', `${param}: the files of ${id} have expired.`, { param });
    const frame = video.result?.lastFrame;
    if (frame === undefined || frame === null) {
      throw new Fault(
        'invalid_image',
        `${param}: ${id} is ${video.status} and has no last frame; only a succeeded video can be continued.`,
        { param },
      );
    }
    const opened = await artifacts.open(frame.key);
    if (opened === undefined) throw new Fault('invalid_image', `${param}: the files of ${id} have expired.`, { param });
    return readWhole(opened);
  }

  return { content, outputFrame };
}

/** The stored file of a variant, or the fault that says why there is none. */
function artifactOf(video: Video, variant: Variant): Artifact {
  if (video.expired) throw expired();
  const artifact = pick(video, variant);
  if (artifact !== null && artifact !== undefined) return artifact;
  if (isTerminal(video.status)) {
    throw new Fault(
      'no_content',
      `The video has ${video.status === 'succeeded' ? `no ${variant}` : `${endWord(video)} and has no ${variant}`}.`,
      { param: 'variant' },
    );
  }
  throw new Fault(
    'video_not_ready',
    `The video is ${video.status}; its ${variant} is not ready yet. Ask again when status is "succeeded".`,
    {
      param: 'variant',
      retryAfterMs: NOT_READY_RETRY_MS,
    },
  );
}

function endWord(video: Video): string {
  return video.status === 'cancelled' ? 'been cancelled' : 'failed';
}

function pick(video: Video, variant: Variant): Artifact | null | undefined {
  switch (variant) {
    case 'video':
      return video.result?.video;
    case 'thumbnail':
      return video.result?.thumbnail;
    case 'spritesheet':
      return video.result?.spritesheet;
    case 'output_last_frame':
      return video.result?.lastFrame;
    case 'first_frame':
      return video.prepared?.first;
    case 'last_frame':
      return video.prepared?.last;
  }
}

function expired(): Fault {
  return new Fault('content_expired', 'The files of this video have expired and were removed.');
}
