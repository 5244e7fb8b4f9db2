/** What a terminal or a reader would obey: moves a cursor, colours, ends a line, turns it around. */
const OBEYED = /[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/gu;
const OBEYED_IN_LINES = /(?![\n\t])[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/gu;

/**
 * A text as it is, with what cannot be printed spelled out; lines and tabs stay. Decoders and peers quote bytes of the
 * files that they were given.
 */
export function printable(text: string): string {
  return text.replace(OBEYED_IN_LINES, spelledOut);
}

/** The same as one line. */
export function printableLine(text: string): string {
  return text.replace(OBEYED, spelledOut);
}

function spelledOut(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
