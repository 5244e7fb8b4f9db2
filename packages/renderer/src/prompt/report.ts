import type { Mode } from '../contract.ts';
import type { PromptWish } from './read.ts';

/** What was honoured and what was not, ready for a report. */
export interface Honesty {
  readonly honoured: Record<string, string>;
  readonly ignored: string[];
}

/**
 * Tells honestly what became of a wish. Where the pictures correspond they decide motion and camera
 * (`from_images`) and the camera words are ignored; only a transition between unrelated pictures follows them.
 */
export function tellHonestly(wish: PromptWish, mode: Mode, negativePrompt: string): Honesty {
  const honoured: Record<string, string> = { motion: 'from_images', camera: 'from_images', timing: wish.timing };
  const ignored: string[] = [];
  if (mode === 'transition') {
    honoured['motion'] = 'transition';
    honoured['camera'] = wish.camera;
  } else if (wish.cameraWord !== undefined) {
    ignored.push(`camera: "${wish.cameraWord}" (the two pictures decide the camera)`);
  }
  if (mode === 'still' && wish.timingWord !== undefined) {
    honoured['timing'] = 'from_images';
    ignored.push(`timing: "${wish.timingWord}" (both pictures are the same, nothing moves)`);
  }
  for (const word of wish.beyond) ignored.push(`"${word}" (cannot be made from two pictures)`);
  if (wish.hasContent) ignored.push('prompt content (this renderer invents nothing that is not in the pictures)');
  if (negativePrompt.trim() !== '') ignored.push('negative_prompt (only refused camera words are read)');
  return { honoured, ignored };
}
