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
export function tellHonestly(wish: PromptWish, mode: Mode): Honesty {
  const honoured: Record<string, string> = { motion: 'from_images', camera: 'from_images', timing: wish.timing };
  const ignored: string[] = [];
  const obeyed = [...wish.refusedRest];
  if (mode === 'transition') {
    honoured['motion'] = 'transition';
    honoured['camera'] = wish.camera;
    obeyed.unshift(...wish.refusedCamera);
  } else {
    const decided = 'the two pictures decide the camera';
    if (wish.cameraWord !== undefined) ignored.push(`camera: "${wish.cameraWord}" (${decided})`);
    for (const word of wish.refusedCamera) ignored.push(`negative_prompt: "${word}" (${decided})`);
  }
  if (mode === 'still' && wish.timingWord !== undefined) {
    honoured['timing'] = 'from_images';
    ignored.push(`timing: "${wish.timingWord}" (both pictures are the same, nothing moves)`);
  }
  if (wish.overlays.length > 0) honoured['overlay'] = wish.overlays.join(', ');
  if (obeyed.length > 0) honoured['negative_prompt'] = obeyed.join(', ');
  for (const word of wish.beyond) ignored.push(`"${word}" (cannot be made from two pictures)`);
  if (wish.hasContent) ignored.push('prompt content (this renderer invents nothing that is not in the pictures)');
  if (wish.negativeHasContent) ignored.push('negative_prompt (only words on camera and timing are read)');
  return { honoured, ignored };
}
