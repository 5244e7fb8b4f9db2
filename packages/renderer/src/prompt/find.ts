import { type Meaning, WORDS } from './words.ts';

/** A word of the table as it stands in a text. */
export interface FoundWord {
  readonly meaning: Meaning;
  /** Names where a camera ends, not how it moves; see `Belief`. */
  readonly isView: boolean;
  readonly at: number;
  /** In lower case. */
  readonly text: string;
  /** Whether the text asks not to do this. */
  readonly refused: boolean;
}

interface Match {
  readonly word: (typeof WORDS)[number];
  readonly at: number;
  readonly end: number;
}

// A refusal is looked for just before the word, inside the same clause: "no zoom", "without any panning", "不要推镜".
const REFUSED_ENGLISH =
  /(?:\b(?:no|not|never|without|avoid|don'?t|do not|does not|doesn'?t|stop|zero|minus)(?: (?:any|the|a|an|let|make|camera|use|using|sudden|slow|fast|quick|or))*|\bnon)[\s-]*$/;
const REFUSED_CHINESE =
  /(?:不要|不能|不可|不用|不需要|不得|避免|禁止|切勿|勿|别|没有|无需|无|不|非)(?:有|出现|使用|任何|镜头|相机|画面|再|做|进行|的)*$/;
const CLAUSE_END = /[.,;:!?\n，。；：！？、]/g;
// Words of a refused list: "no zoom or pan", "不要推镜和旋转".
const LIST_JOINT = /^\s*(?:,\s*)?(?:or|and|nor|\/|和|或|与|、)\s*(?:any\s+)?$/;
const SMALL_WORDS =
  /\b(?:the|a|an|and|or|then|with|without|no|not|any|don'?t|do|camera|shot|moves?|moving|movement|motion|very|slightly|please|in|of|to|at|is|from|video|clip|transition|zero|never|avoid)\b|镜头|相机|画面|机位|运镜|运动|视频|请|不要|不|无|没有|避免|禁止|非常|很|轻微|地|的|和|或|与|在|中|然后|过渡/g;
const SPEAKS_OF_CAMERA = /\b(?:camera|cam|shot|lens|footage)\b|镜头|相机|画面|机位|运镜/;

// A clause is looked at this far to both sides, so that a text without punctuation is read in linear time.
const REACH = 80;

/** Every word of the table in order; of overlapping ones that exclude each other only the longest. */
export function findWords(prompt: string): FoundWord[] {
  const text = prompt.toLowerCase();
  const matches = longestOf(allMatches(text)).filter((match, _, all) => isBelieved(match, text, all));
  const found: FoundWord[] = [];
  for (const { word, at, end } of matches) {
    const last = found.at(-1);
    const between = last === undefined ? '' : text.slice(last.at + last.text.length, at);
    const inherits = last?.refused === true && LIST_JOINT.test(between);
    found.push({
      meaning: word.meaning,
      isView: word.belief === 'view',
      at,
      text: text.slice(at, end).trim(),
      refused: inherits || isRefused(text, at),
    });
  }
  return found;
}

/** Whether the text refuses every camera move, without naming one. */
export function refusesAllMotion(prompt: string): boolean {
  return /\b(?:no|without(?: any)?|avoid|zero) camera (?:motion|movement|moves?)\b|(?:不要|无|没有|禁止|避免)(?:任何)?(?:运镜|镜头运动|镜头移动)|镜头不(?:要)?动/.test(
    prompt.toLowerCase(),
  );
}

/** What a negative prompt calls every camera move by, or undefined. */
export function namesAllMotion(negativePrompt: string): string | undefined {
  return /\b(?:camera (?:motion|movements?|moves?)|moving camera)\b|运镜|镜头(?:运动|移动)/.exec(
    negativePrompt.toLowerCase(),
  )?.[0];
}

/** Whether the text says more than these words of it. */
export function saysMore(prompt: string, found: readonly FoundWord[]): boolean {
  const spans = found.map(({ at, text }) => ({ at, end: at + text.length }));
  return hasLetters(without(prompt.toLowerCase(), 0, prompt.length, spans));
}

function allMatches(text: string): Match[] {
  const all: Match[] = [];
  for (const word of WORDS) {
    for (const match of text.matchAll(word.pattern)) {
      all.push({ word, at: match.index, end: match.index + match[0].length });
    }
  }
  return all.sort((one, other) => one.at - other.at || other.end - one.end);
}

/** `sorted` has the earlier and longer first; a word inside one that was kept is dropped, see `excludes`. */
function longestOf(sorted: readonly Match[]): Match[] {
  const kept: Match[] = [];
  for (const match of sorted) {
    const before = kept.findLastIndex((each) => each.end > match.at && excludes(each.word.meaning, match.word.meaning));
    const previous = kept[before];
    if (previous === undefined) kept.push(match);
    else if (match.end - match.at > previous.end - previous.at) kept[before] = match;
  }
  return kept;
}

/**
 * Whether of two overlapping words only one counts: all but timing words, which count beside others ("slowly" in "camera
 * slowly rises"), though not inside what is beyond us ("slow" in "slow motion").
 */
function excludes(one: Meaning, other: Meaning): boolean {
  const kinds = [one.kind, other.kind];
  return one.kind === other.kind || kinds.includes('beyond') || !kinds.includes('timing');
}

/** A loose word counts where its clause speaks of the camera, or of nothing but words of the table. */
function isBelieved({ word, at, end }: Match, text: string, all: readonly Match[]): boolean {
  if (word.belief !== 'loose') return true;
  const from = at - clauseBefore(text, at).length;
  const after = text.slice(end, end + REACH);
  const to = end + (after.search(CLAUSE_END) < 0 ? after.length : after.search(CLAUSE_END));
  if (SPEAKS_OF_CAMERA.test(text.slice(from, to))) return true;
  const first = all.findIndex((match) => match.end > from);
  const last = all.findIndex((match) => match.at >= to);
  return !hasLetters(without(text, from, to, all.slice(first, last < 0 ? all.length : last)));
}

function clauseBefore(text: string, at: number): string {
  const before = text.slice(Math.max(0, at - REACH), at);
  return before.slice([...before.matchAll(CLAUSE_END)].reduce((_, end) => end.index + 1, 0));
}

function isRefused(text: string, at: number): boolean {
  const clause = clauseBefore(text, at);
  return REFUSED_ENGLISH.test(clause) || REFUSED_CHINESE.test(clause);
}

/** The text from..to with these spans cut out. */
function without(text: string, from: number, to: number, spans: readonly { at: number; end: number }[]): string {
  let rest = '';
  let done = from;
  for (const { at, end } of spans) {
    rest += `${text.slice(done, Math.max(done, at))} `;
    done = Math.max(done, end);
  }
  return rest + text.slice(done, Math.max(done, to));
}

function hasLetters(rest: string): boolean {
  return /[\p{L}\p{N}]/u.test(rest.replace(SMALL_WORDS, ' '));
}
