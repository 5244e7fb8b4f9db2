import type { VideoFacts } from '../domain/result.ts';

/** What is found in a video file. */
export interface InspectedVideo extends VideoFacts {
  /** Such as `avc`. */
  readonly codec: string;
  /** `moov` stands before `mdat`, so that playing starts before the download ends. */
  readonly faststart: boolean;
}

/** Looks at finished video files. Damaged files are a Fault `damaged_output`, never a crash of the server. */
export interface Media {
  inspect(path: string, signal: AbortSignal): Promise<InspectedVideo>;
}
