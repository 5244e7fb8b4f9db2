import type { Frames } from '../domain/frame.ts';

/** Rewrites a prompt so that a video model makes more of it. */
export interface PromptWriter {
  /**
   * The new prompt, written after a look at both frames (PNG). Undefined when there is none to be had; it never rejects
   * but for the signal, because a video must not fail for it.
   */
  extend(prompt: string, frames: Frames<Uint8Array>, signal: AbortSignal): Promise<string | undefined>;
}
