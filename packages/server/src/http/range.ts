/** Conditional and partial requests (RFC 9110 §13, §14), as pure functions. */

/** Inclusive positions. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Which bytes to send: all of them, a span, or none because the wished ones are not there. */
export type Wish = 'whole' | 'unsatisfiable' | Span;

/**
 * Reads a `Range` header. What is not one well-formed range of bytes is answered whole, as the standard allows: several
 * ranges at once would need multipart answers that no player asks for.
 */
export function readRange(header: string | undefined, bytes: number): Wish {
  const match = /^bytes=\s*(\d{0,15})-(\d{0,15})\s*$/i.exec(header ?? '');
  if (match === null) return 'whole';
  const [, from = '', to = ''] = match;
  if (from === '' && to === '') return 'whole';
  if (from === '') {
    const count = Math.min(Number(to), bytes);
    return count === 0 ? 'unsatisfiable' : { start: bytes - count, end: bytes - 1 };
  }
  const start = Number(from);
  if (to !== '' && Number(to) < start) return 'whole';
  if (start >= bytes) return 'unsatisfiable';
  return { start, end: to === '' ? bytes - 1 : Math.min(Number(to), bytes - 1) };
}

/** Whether `If-None-Match` names this ETag (weak comparison) or anything (`*`). */
export function noneMatchHits(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  if (header.trim() === '*') return true;
  return header.split(',').some((candidate) => candidate.trim().replace(/^W\//, '') === etag);
}

/** Whether nothing changed since `If-Modified-Since`; only asked when there is no `If-None-Match`. */
export function notModifiedSince(header: string | undefined, modifiedAt: number): boolean {
  const since = Date.parse(header ?? '');
  return !Number.isNaN(since) && wholeSeconds(modifiedAt) <= since;
}

/** Whether a range may be answered: `If-Range` is absent, or names exactly what we have (strong comparison). */
export function rangeStillValid(header: string | undefined, etag: string, modifiedAt: number): boolean {
  if (header === undefined) return true;
  if (header.startsWith('"') || header.startsWith('W/')) return header.trim() === etag;
  return Date.parse(header) === wholeSeconds(modifiedAt);
}

function wholeSeconds(ms: number): number {
  return Math.floor(ms / 1000) * 1000;
}
