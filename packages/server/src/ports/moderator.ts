import type { Frames } from '../domain/frame.ts';
import type { OwnerId, VideoId } from '../domain/id.ts';
import type { ByteSource } from './artifacts.ts';

/** What is judged: the words of the caller and the very frames that a backend would be shown (PNG). */
export interface ModerationAsk {
  readonly video: VideoId;
  readonly owner: OwnerId;
  readonly model: string;
  readonly prompt: string;
  readonly negativePrompt: string;
  readonly frames: Frames<ByteSource>;
}

/** The fields a judge may blame, as a caller writes them. */
export const BLAMABLE = ['prompt', 'negative_prompt', 'images[0]', 'images[1]'] as const;
export type Blamable = (typeof BLAMABLE)[number];

/** What a judge says. */
export type Verdict =
  | { readonly allowed: true }
  | {
      readonly allowed: false;
      readonly param: Blamable | undefined /** For the log alone. */;
      readonly reason: string;
    };

/** Judges what is asked for before anything is made of it. */
export interface Moderator {
  /** @throws Fault `moderation_unavailable` when there is no verdict: no answer, none in time, or one without sense */
  judge(ask: ModerationAsk, signal: AbortSignal): Promise<Verdict>;
}
