import { join } from 'node:path';
import type { EncoderChoice, RenderPlan } from '@inbetween/renderer';
import type { Json } from '../../../domain/attempt.ts';
import type { Frames } from '../../../domain/frame.ts';
import type { GenerateAsk } from '../../../ports/backend.ts';
import type { SentReport } from './protocol.ts';

/** What kind of clip the renderer makes; a test makes smaller ones. */
export interface ClipShape {
  readonly fps: number;
  /** Undefined: as many as the seconds asked for have. */
  readonly frames?: number;
}

/** Where one attempt's files are: everything it writes lies in its own folder. */
export interface AttemptFiles {
  readonly video: string;
  readonly lastFrame: string;
  readonly thumbnail: string;
  readonly spritesheet: string;
}

/** The files of an attempt, by its folder. */
export function filesIn(folder: string): AttemptFiles {
  return {
    video: join(folder, 'video.mp4'),
    lastFrame: join(folder, 'last_frame.png'),
    thumbnail: join(folder, 'thumbnail.webp'),
    spritesheet: join(folder, 'spritesheet.webp'),
  };
}

/** Translates an ask into the renderer's words. */
export function planOf(
  { generation }: GenerateAsk,
  inputs: Frames<string>,
  files: AttemptFiles,
  how: { readonly clip: ClipShape; readonly encoder: EncoderChoice; readonly threads: number; readonly label: string },
): RenderPlan {
  const { prompt, negativePrompt, seed, seconds } = generation;
  return {
    ...inputs,
    ...files,
    fps: how.clip.fps,
    frames: how.clip.frames ?? seconds * how.clip.fps,
    seed,
    prompt,
    negativePrompt,
    metadata: {
      AIGC: how.label,
      comment: 'Interpolated between two pictures; nothing was imagined by a model.',
    },
    encoder: how.encoder,
    threads: how.threads,
  };
}

/** Shows what the renderer did, as it stands in the video's metadata. */
export function showReport(report: SentReport): Readonly<Record<string, Json>> {
  return {
    engine: 'inbetween-renderer',
    encoder: report.encoder,
    generative: report.generative,
    mode: report.mode,
    match_confidence: Math.round(report.matchConfidence * 1000) / 1000,
    honoured: report.honoured,
    ignored: report.ignored,
  };
}
