import { type Camera, type Meaning, type Timing, WORDS } from './words.ts';

/** What a prompt asks of the motion, as far as the word table understands it. */
export interface PromptWish {
  readonly timing: Timing;
  /** The text that set `timing`, in the prompt's own words; absent when the default is used. */
  readonly timingWord?: string;
  readonly camera: Camera;
  /** The text that set `camera`; absent when the default is used. */
  readonly cameraWord?: string;
  /** Words that were understood and cannot be honoured at all, in the prompt's own spelling. */
  readonly beyond: readonly string[];
  /** True when the prompt says more than timing and camera: content this renderer does not read. */
  readonly hasContent: boolean;
}

interface Found {
  readonly meaning: Meaning;
  readonly at: number;
  readonly text: string;
  readonly refused: boolean;
}

/** The slow zoom through a transition between pictures that do not correspond (`interpolation.md` §5.11). */
const DEFAULT_CAMERA: Camera = 'zoom-in';

// A refusal is looked for just before the word, inside the same clause: "no zoom", "without any panning", "不要推镜".
const REFUSED_ENGLISH =
  /(?:\b(?:no|not|never|without|avoid|don'?t|do not|does not|doesn'?t|stop|zero|minus)(?: (?:any|the|a|an|let|make|camera|use|using|sudden|slow|fast|quick|or))*|\bnon)[\s-]*$/;
const REFUSED_CHINESE =
  /(?:不要|不能|不可|不用|不需要|不得|避免|禁止|切勿|勿|别|没有|无需|无|不|非)(?:有|出现|使用|任何|镜头|相机|画面|再|做|进行|的)*$/;
const CLAUSE_END = /[.,;:!?\n，。；：！？、]/g;
// Words of a refused list: "no zoom or pan", "不要推镜和旋转".
const LIST_JOINT = /^\s*(?:,\s*)?(?:or|and|nor|\/|和|或|与|、)\s*(?:any\s+)?$/;
const SMALL_WORDS =
  /\b(?:the|a|an|and|or|with|without|no|not|any|don'?t|do|camera|shot|move|moves|moving|movement|motion|very|please|in|of|to|at|is|video|transition|zero)\b|镜头|相机|画面|运镜|运动|视频|请|不要|不|无|没有|非常|很|地|的|和|与|在|中|过渡/g;

/**
 * Reads timing and camera words out of a prompt. The last accepted camera word and the last accepted timing word win.
 * A refused camera word never sets the camera; if the default move itself is refused (also by the negative prompt),
 * the camera stays still.
 */
export function readPrompt(prompt: string, negativePrompt: string): PromptWish {
  const found = findWords(prompt);
  const refused = new Set<Camera>();
  for (const { meaning } of findWords(negativePrompt)) if (meaning.kind === 'camera') refused.add(meaning.camera);
  for (const word of found) if (word.refused && word.meaning.kind === 'camera') refused.add(word.meaning.camera);

  let timing: { timing: Timing; timingWord?: string } = { timing: 'default' };
  let camera: { camera: Camera; cameraWord?: string } = { camera: DEFAULT_CAMERA };
  const beyond: string[] = [];
  for (const { meaning, text, refused: isRefused } of found) {
    if (isRefused) continue;
    if (meaning.kind === 'timing') timing = { timing: meaning.timing, timingWord: text };
    else if (meaning.kind === 'beyond') beyond.push(text);
    else if (!refused.has(meaning.camera)) camera = { camera: meaning.camera, cameraWord: text };
  }
  if (camera.cameraWord === undefined && (refused.has(DEFAULT_CAMERA) || refusesAllMotion(prompt))) {
    const word = found.find((each) => each.refused && each.meaning.kind === 'camera')?.text;
    camera = { camera: 'static', cameraWord: word === undefined ? 'no camera motion' : `no ${word}` };
  }
  return { ...timing, ...camera, beyond, hasContent: hasContent(prompt, found) };
}

/**
 * Whether of two overlapping words only one counts: two of one kind ("zoom" in "zoom out"), or one that is beyond us
 * ("slow" in "slow motion"). "Slowly" in "camera slowly rises" counts beside the camera.
 */
function excludes(one: Meaning, other: Meaning): boolean {
  return one.kind === other.kind || one.kind === 'beyond' || other.kind === 'beyond';
}

/** Every word of the table in order; of overlapping ones that exclude each other only the longest. */
function findWords(prompt: string): Found[] {
  const text = prompt.toLowerCase();
  const all: { meaning: Meaning; at: number; end: number }[] = [];
  for (const { meaning, pattern } of WORDS) {
    for (const match of text.matchAll(pattern))
      all.push({ meaning, at: match.index, end: match.index + match[0].length });
  }
  // The earlier and longer first; a word inside one that was kept is dropped, see `excludes`.
  all.sort((one, other) => one.at - other.at || other.end - one.end);
  const kept: typeof all = [];
  for (const word of all) {
    const before = kept.findLastIndex((each) => each.end > word.at && excludes(each.meaning, word.meaning));
    const previous = kept[before];
    if (previous === undefined) kept.push(word);
    else if (word.end - word.at > previous.end - previous.at) kept[before] = word;
  }
  const found: Found[] = [];
  for (const word of kept) {
    const last = found.at(-1);
    const between = last === undefined ? '' : text.slice(last.at + last.text.length, word.at);
    const inherits = last?.refused === true && LIST_JOINT.test(between);
    found.push({
      meaning: word.meaning,
      at: word.at,
      text: text.slice(word.at, word.end).trim(),
      refused: inherits || isRefused(text, word.at),
    });
  }
  return found;
}

function isRefused(text: string, at: number): boolean {
  const before = text.slice(Math.max(0, at - 40), at);
  const clause = before.slice([...before.matchAll(CLAUSE_END)].reduce((_, end) => end.index + 1, 0));
  return REFUSED_ENGLISH.test(clause) || REFUSED_CHINESE.test(clause);
}

function refusesAllMotion(prompt: string): boolean {
  return /\b(?:no|without(?: any)?|avoid|zero) camera (?:motion|movement|moves?)\b|(?:不要|无|没有|禁止|避免)(?:任何)?(?:运镜|镜头运动|镜头移动)|镜头不(?:要)?动/.test(
    prompt.toLowerCase(),
  );
}

function hasContent(prompt: string, found: readonly Found[]): boolean {
  const text = prompt.toLowerCase();
  let rest = '';
  let end = 0;
  for (const word of found) {
    rest += `${text.slice(end, word.at)} `;
    end = Math.max(end, word.at + word.text.length);
  }
  rest += text.slice(end);
  return /[\p{L}\p{N}]/u.test(rest.replace(SMALL_WORDS, ' '));
}
