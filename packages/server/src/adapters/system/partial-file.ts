import { createHash } from 'node:crypto';
import { open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { asStorageFailure } from './storage-full.ts';

/**
 * A file that is being received. What has come so far lies in `<path>.part`; only when all of it is there it is moved to
 * its place, so that nobody ever reads a part. Beside it, `<path>.part.json` says of which file it is a part: with that a
 * download that broke off goes on where it stopped, and only if the file at the other end is still the same.
 */
export interface PartialFile {
  /** Headers of the request that goes on with it; empty: from the start. */
  readonly headers: Readonly<Record<string, string>>;
  /**
   * Writes the body of an answer with status 200 or 206, and puts the file in its place.
   *
   * @returns the size of the whole file
   * @throws BrokenOff when it is not whole, or the answer does not continue what is there; TooLarge; Fault `storage_full`
   */
  receive(answer: IncomingFile, maxBytes: number, signal: AbortSignal): Promise<number>;
  /** Forgets what has come so far. */
  discard(): Promise<void>;
}

/** An answer that brings a file or the rest of one. */
export interface IncomingFile {
  readonly status: number;
  /** A header's text; empty when there is none. */
  header(name: string): string;
  readonly body: AsyncIterable<Uint8Array>;
}

/** It is not whole. Asked again, it may go on. */
export class BrokenOff extends Error {
  override readonly name = 'BrokenOff';
}

/** It has more bytes than it may have. */
export class TooLarge extends Error {
  override readonly name = 'TooLarge';
}

const note = z.object({ source: z.string(), validator: z.string(), total: z.number() });
type Note = z.infer<typeof note>;

/** @param source what is asked for: a part of something else is never continued */
export async function openPartial(path: string, source: string): Promise<PartialFile> {
  const [part, beside] = [`${path}.part`, `${path}.part.json`];
  const named = createHash('sha256').update(source).digest('hex');
  const found = await readNote(beside, named);
  const length = found === undefined ? 0 : await sizeOf(part);
  // A part that is as long as the whole broke off before it was put in its place; its end is asked for again.
  const usable = found !== undefined && length > 0 && length < found.total ? found : undefined;

  async function discard(): Promise<void> {
    await Promise.all([part, beside].map((file) => rm(file, { force: true })));
  }

  async function begin({ status, header }: IncomingFile, maxBytes: number): Promise<number> {
    if (status === 206) {
      if (usable !== undefined && continues(header, usable, length)) return length;
      throw new BrokenOff('the answer does not continue what is there');
    }
    await discard();
    const total = numberOf(header('content-length'));
    if (total !== undefined && total > maxBytes) throw new TooLarge(`it has ${total} bytes`);
    const validator = validatorOf(header);
    if (validator !== undefined && total !== undefined)
      await writeFile(beside, JSON.stringify({ source: named, validator, total } satisfies Note));
    return 0;
  }

  return {
    headers: usable === undefined ? {} : { range: `bytes=${length}-`, 'if-range': usable.validator },
    discard,
    async receive(answer, maxBytes, signal) {
      try {
        const from = await begin(answer, maxBytes);
        const size = await write(part, from, answer.body, maxBytes, signal);
        const total = from > 0 ? usable?.total : numberOf(answer.header('content-length'));
        if (total !== undefined && size !== total) throw new BrokenOff(`${size} of ${total} bytes came`);
        await rename(part, path);
        await rm(beside, { force: true });
        return size;
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof TooLarge || (error instanceof BrokenOff && answer.status === 206)) await discard();
        throw asStorageFailure(error);
      }
    },
  };
}

/** Writes each piece before the next is taken, so that what is there when it breaks off is sure to be a beginning. */
async function write(
  part: string,
  from: number,
  body: AsyncIterable<Uint8Array>,
  maxBytes: number,
  signal: AbortSignal,
): Promise<number> {
  const file = await open(part, from > 0 ? 'a' : 'w');
  let size = from;
  try {
    for await (const chunk of body) {
      signal.throwIfAborted();
      size += chunk.byteLength;
      if (size > maxBytes) throw new TooLarge(`it has more than ${maxBytes} bytes`);
      await file.writeFile(chunk);
    }
  } finally {
    await file.close();
  }
  return size;
}

/** The answer is the rest of the same file, from exactly the byte that is missing. */
function continues(header: IncomingFile['header'], { validator, total }: Note, length: number): boolean {
  const [, from, all] = /^bytes (\d+)-\d+\/(\d+)$/.exec(header('content-range').trim()) ?? [];
  const told = validatorOf(header);
  return Number(from) === length && Number(all) === total && (told === undefined || told === validator);
}

/** What tells two versions of a file apart for sure: a strong tag, or else its time. */
function validatorOf(header: IncomingFile['header']): string | undefined {
  const tag = header('etag').trim();
  if (tag.startsWith('"')) return tag;
  return header('last-modified').trim() || undefined;
}

function numberOf(text: string): number | undefined {
  return /^\d+$/.test(text.trim()) ? Number(text) : undefined;
}

async function readNote(path: string, source: string): Promise<Note | undefined> {
  const text = await readFile(path, 'utf8').catch(() => '');
  if (text === '') return undefined;
  try {
    const read = note.safeParse(JSON.parse(text)).data;
    return read?.source === source ? read : undefined;
  } catch {
    // Written in part when the disk was full: as if it were not there.
    return undefined;
  }
}

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}
