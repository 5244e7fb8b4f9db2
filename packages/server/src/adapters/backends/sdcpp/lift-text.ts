import { NoReply } from '../remote/remote-api.ts';

/** More of a body beside the lifted text is no answer of ours. */
const MOST_KEPT = 1 << 20;
/** The longest beginning of a member that can be cut in two by a chunk: name, quotes, colon, and white space. */
const SEAM = 64;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * Takes the text of one member out of a JSON document while it arrives, so that a whole video in it is never in memory:
 * passes the document on with an empty text in its place.
 *
 * The text must be base64: it holds no quote, and the only escape in it can be that of a slash.
 *
 * @param take gets the text in pieces, in order; absent: it is dropped
 */
export async function* liftText(
  document: AsyncIterable<Uint8Array>,
  member: string,
  take: (text: string) => Promise<void> = async () => undefined,
): AsyncGenerator<Uint8Array> {
  const opening = new RegExp(`"${member}"\\s*:\\s*"`);
  let inside = false;
  let lifted = false;
  let rest = Buffer.alloc(0);
  let kept = 0;

  const keep = (bytes: Buffer): Buffer => {
    kept += bytes.length;
    if (kept > MOST_KEPT) throw new NoReply('an answer that is far too long', true);
    return bytes;
  };

  for await (const chunk of document) {
    rest = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk]);
    if (!inside && !lifted) {
      // Byte for character, so that positions in both are the same.
      const found = opening.exec(rest.toString('latin1'));
      if (found === null) {
        const safe = Math.max(0, rest.length - SEAM);
        yield keep(rest.subarray(0, safe));
        rest = rest.subarray(safe);
        continue;
      }
      const start = found.index + found[0].length;
      yield keep(rest.subarray(0, start));
      rest = rest.subarray(start);
      inside = true;
    }
    if (inside) {
      const end = rest.indexOf(QUOTE);
      const text = end < 0 ? rest : rest.subarray(0, end);
      if (text.length > 0)
        await take(text.includes(BACKSLASH) ? text.toString('latin1').replaceAll('\\', '') : text.toString('latin1'));
      rest = end < 0 ? Buffer.alloc(0) : rest.subarray(end);
      inside = end < 0;
      lifted = !inside;
    }
    if (lifted) {
      yield keep(rest);
      rest = Buffer.alloc(0);
    }
  }
  if (rest.length > 0) yield keep(rest);
}
