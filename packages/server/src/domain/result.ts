import type { Json } from './attempt.ts';

/** A file of ours in the artifact store. */
export interface Artifact {
  readonly key: string;
  readonly bytes: number;
  /** Lower-case hex; the strong ETag of what is served. */
  readonly sha256: string;
  readonly type: string;
}

/** What a video file was measured to be, never what it was asked to be. */
export interface VideoFacts {
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  readonly frames: number;
  readonly durationMs: number;
}

/** A finished video: its files, its measured facts, and what the backend told about it. */
export interface Result {
  readonly video: Artifact;
  readonly thumbnail: Artifact | null;
  /** Absent in videos made before there were any. */
  readonly spritesheet?: Artifact | null;
  /** Last frame of the output as it was before our watermark (PNG). */
  readonly lastFrame: Artifact | null;
  readonly facts: VideoFacts;
  /** Shown under `metadata`: mode, match_confidence, honoured, ignored … */
  readonly report: Readonly<Record<string, Json>>;
  /** The prompt that was really used: rewritten by the backend, or the caller's own. */
  readonly actualPrompt: string;
}

/** The two prepared inputs: PNGs of identical size. */
export interface PreparedFrames {
  readonly width: number;
  readonly height: number;
  readonly first: Artifact;
  readonly last: Artifact;
}

/** A video that a peer finished after its deadline: it was paid for, so the operator may have it for a while. */
export interface LateResult {
  readonly video: Artifact;
  readonly facts: VideoFacts;
  readonly at: number;
  /** When the file goes. */
  readonly until: number;
}
