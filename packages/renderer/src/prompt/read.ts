import { type FoundWord, findWords, namesAllMotion, refusesAllMotion, saysMore } from './find.ts';
import type { Camera, Overlay, Timing } from './words.ts';

/** What a prompt asks of the motion, as far as the word table understands it. */
export interface PromptWish {
  readonly timing: Timing;
  /** The text that set `timing`, in the prompt's own words; absent when the default is used. */
  readonly timingWord?: string;
  readonly camera: Camera;
  /** The text of the prompt that set `camera`; absent when the default or the negative prompt did. */
  readonly cameraWord?: string;
  /** Small movements on top of the clip, each at most once; empty when none was asked for. */
  readonly overlays: readonly Overlay[];
  /** Words that were understood and cannot be honoured at all, in the prompt's own spelling. */
  readonly beyond: readonly string[];
  /** True when the prompt says more than timing and camera: content this renderer does not read. */
  readonly hasContent: boolean;
  /** Words of the negative prompt that are about the camera's way from picture to picture. */
  readonly refusedCamera: readonly string[];
  /** Words of the negative prompt that are about timing and overlays. */
  readonly refusedRest: readonly string[];
  /** True when the negative prompt says more than that. */
  readonly negativeHasContent: boolean;
}

/** The slow zoom through a transition between pictures that do not correspond (`interpolation.md` §5.11). */
const DEFAULT_CAMERA: Camera = 'zoom-in';

/**
 * Reads timing, camera and overlay words out of a prompt. The last accepted camera word and the last accepted timing
 * word win; words for a view ("top-down") count only when no move is named. A refused word never sets anything; if the
 * default camera move itself is refused (also by the negative prompt), the camera stays still.
 */
export function readPrompt(prompt: string, negativePrompt: string): PromptWish {
  const found = findWords(prompt);
  // A negative prompt lists what is not wanted; a refusal in it ("no zoom") means the same thing.
  const unwanted = findWords(negativePrompt).filter(({ meaning }) => meaning.kind !== 'beyond');
  const refused = new Set([...unwanted, ...found.filter((word) => word.refused)].map(nameOf));
  const accepted = found.filter(
    (word) => !word.refused && (word.meaning.kind === 'beyond' || !refused.has(nameOf(word))),
  );
  const textsOf = (words: readonly FoundWord[]) => [...new Set(words.map(({ text }) => text))];
  const isCamera = ({ meaning }: FoundWord): boolean => meaning.kind === 'camera';
  const allMotion = namesAllMotion(negativePrompt);
  return {
    ...timingOf(accepted),
    ...cameraOf(accepted, found, refused.has(`camera ${DEFAULT_CAMERA}`) || allMotion !== undefined, prompt),
    overlays: refusesAllMotion(prompt) || allMotion !== undefined ? [] : overlaysOf(accepted),
    beyond: accepted.filter(({ meaning }) => meaning.kind === 'beyond').map(({ text }) => text),
    hasContent: saysMore(prompt, found),
    refusedCamera: [...(allMotion === undefined ? [] : [allMotion]), ...textsOf(unwanted.filter(isCamera))],
    refusedRest: textsOf(unwanted.filter((word) => !isCamera(word))),
    negativeHasContent: saysMore(negativePrompt, unwanted),
  };
}

/** What a word asks for, comparable. */
function nameOf({ meaning }: FoundWord): string {
  switch (meaning.kind) {
    case 'timing':
      return `timing ${meaning.timing}`;
    case 'camera':
      return `camera ${meaning.camera}`;
    case 'overlay':
      return `overlay ${meaning.overlay}`;
    case 'beyond':
      return `beyond ${meaning.what}`;
  }
}

function timingOf(accepted: readonly FoundWord[]): Pick<PromptWish, 'timing' | 'timingWord'> {
  for (const { meaning, text } of accepted.toReversed()) {
    if (meaning.kind === 'timing') return { timing: meaning.timing, timingWord: text };
  }
  return { timing: 'default' };
}

function cameraOf(
  accepted: readonly FoundWord[],
  found: readonly FoundWord[],
  isDefaultRefused: boolean,
  prompt: string,
): Pick<PromptWish, 'camera' | 'cameraWord'> {
  const words = accepted.filter(({ meaning }) => meaning.kind === 'camera');
  const word = words.findLast(({ isView }) => !isView) ?? words.at(-1);
  if (word?.meaning.kind === 'camera') return { camera: word.meaning.camera, cameraWord: word.text };
  if (refusesAllMotion(prompt)) return { camera: 'static', cameraWord: 'no camera motion' };
  if (!isDefaultRefused) return { camera: DEFAULT_CAMERA };
  const text = found.find((each) => each.refused && each.meaning.kind === 'camera')?.text;
  return { camera: 'static', ...(text === undefined ? {} : { cameraWord: `no ${text}` }) };
}

function overlaysOf(accepted: readonly FoundWord[]): Overlay[] {
  const asked = new Set<Overlay>();
  for (const { meaning } of accepted) if (meaning.kind === 'overlay') asked.add(meaning.overlay);
  return [...asked];
}
