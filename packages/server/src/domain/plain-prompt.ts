import type { Fault } from './fault.ts';
import type { Generation, Warning } from './generation.ts';
import type { Video } from './video.ts';

/**
 * A backend that could not rewrite the prompt made nothing and costs nothing, and a prompt that cannot be rewritten is no
 * reason to make no video: the next attempt uses it as it was written. That this was so is the video's warning, which is
 * also where the next attempt learns it.
 */
const CODE = 'prompt_not_extended' satisfies Warning['code'];

const WARNING: Warning = {
  code: CODE,
  message: 'The service that makes the video could not rewrite the prompt, so the prompt was used as it was written.',
};

/** The video with what a fault says about its prompt. */
export function notingPrompt(video: Video, fault: Fault): Video {
  return fault.promptFailed && !isPlain(video) ? { ...video, warnings: [...video.warnings, WARNING] } : video;
}

/** What a backend is asked for: what the caller asked for, unless its prompt could not be rewritten. */
export function generationOf(video: Video): Generation {
  return isPlain(video) ? { ...video.generation, promptExtend: false } : video.generation;
}

function isPlain({ warnings }: Video): boolean {
  return warnings.some(({ code }) => code === CODE);
}
