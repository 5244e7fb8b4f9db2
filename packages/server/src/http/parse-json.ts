import { isAscii } from 'node:buffer';
import { randomUUID } from 'node:crypto';

/** Strings of so many bytes are pictures; no other field may be as long. */
const LONG = 4_096;
/** A body with more quotes than this is none of ours, and looking for each would take longer than parsing it. */
const QUOTES_MAX = 1_000;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const SPACE = 0x20;

const utf8 = new TextDecoder('utf-8', { fatal: true });
/** Stands for a long string while the rest is parsed. Nobody who sends a body can know it. */
const TOKEN = `${randomUUID()} `;

interface Span {
  /** Of the first byte behind the opening quote, and of the closing quote. */
  readonly from: number;
  readonly to: number;
}

/**
 * Parses UTF-8 as `JSON.parse` does, several times faster where it holds pictures in base64: long plain strings are cut
 * out first and put back afterwards, so that they are copied but not read byte by byte. One difference is left: in such a
 * string a control character is let through, which JSON forbids and base64 does not know either.
 *
 * @throws SyntaxError, or TypeError where the bytes are no UTF-8
 */
export function parseJson(body: Buffer): unknown {
  const spans = longStrings(body);
  if (spans.length === 0) return JSON.parse(utf8.decode(body));
  try {
    return JSON.parse(utf8.decode(without(body, spans)), (_name, value: unknown) => {
      if (typeof value !== 'string' || !value.startsWith(TOKEN)) return value;
      const span = spans[Number(value.slice(TOKEN.length))];
      return span === undefined ? value : body.toString('latin1', span.from, span.to);
    });
  } catch {
    // Where it breaks is told by its place in what was sent.
    return JSON.parse(utf8.decode(body));
  }
}

/** The long strings among the values: ASCII without escapes, so that their bytes are their characters. */
function longStrings(body: Buffer): readonly Span[] {
  const found: Span[] = [];
  if (body.length < LONG) return found;
  let from = -1;
  let quote = body.indexOf(QUOTE);
  for (let quotes = 0; quote !== -1; quotes += 1) {
    if (quotes === QUOTES_MAX) return [];
    if (from === -1) from = quote + 1;
    else if (!isEscaped(body, quote)) {
      if (quote - from >= LONG && isPlain(body.subarray(from, quote)) && !isName(body, quote))
        found.push({ from, to: quote });
      from = -1;
    }
    quote = body.indexOf(QUOTE, quote + 1);
  }
  return found;
}

function isEscaped(body: Buffer, at: number): boolean {
  let backslashes = 0;
  while (body[at - 1 - backslashes] === BACKSLASH) backslashes += 1;
  return backslashes % 2 === 1;
}

function isPlain(text: Buffer): boolean {
  return isAscii(text) && !text.includes(BACKSLASH);
}

/** Whether a string is the name of a member, which is never put back. */
function isName(body: Buffer, to: number): boolean {
  let next = to + 1;
  while (body[next] !== undefined && (body[next] as number) <= SPACE) next += 1;
  return body[next] === COLON;
}

function without(body: Buffer, spans: readonly Span[]): Buffer {
  let at = 0;
  const pieces: Buffer[] = [];
  for (const [n, { from, to }] of spans.entries()) {
    pieces.push(body.subarray(at, from), Buffer.from(`${TOKEN}${n}`));
    at = to;
  }
  return Buffer.concat([...pieces, body.subarray(at)]);
}
