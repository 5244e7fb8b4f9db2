import type { Readable } from 'node:stream';
import { GetObjectCommand, type GetObjectCommandOutput, type S3Client } from '@aws-sdk/client-s3';
import type { ByteRange, OpenedArtifact } from '../../../ports/artifacts.ts';
import { checkRange } from '../range.ts';
import { explained, isMissing, isOutside, isUnavailable } from './errors.ts';
import { abortedBy } from './upload.ts';

interface Source {
  readonly client: S3Client;
  readonly bucket: string;
  /** With the prefix. */
  readonly key: string;
}

/** A download that breaks off is continued where it stopped this often, while each try brings something. */
const RESUMES_MAX = 5;

/** Opens an object, or a part of it. Undefined when there is none. */
export async function download(
  source: Source,
  range?: ByteRange,
  signal?: AbortSignal,
): Promise<OpenedArtifact | undefined> {
  // Ends before its beginning: no server would tell us.
  if (range !== undefined) checkRange(range, Number.MAX_SAFE_INTEGER);
  let answer: GetObjectCommandOutput;
  try {
    answer = await get(source, range, undefined, signal);
  } catch (error) {
    if (isMissing(error)) return undefined;
    if (range !== undefined && isOutside(error))
      throw new RangeError(`the range ${range.start}-${range.end} lies outside`);
    throw explained(error);
  }
  const body = answer.Body as Readable;
  const bytes = range === undefined ? (answer.ContentLength ?? 0) : totalOf(answer);
  try {
    // A server cuts a range that is too long to what there is; one that knows no ranges sends everything.
    if (range !== undefined) checkRange(range, bytes);
    if (range !== undefined && range.start > 0 && answer.ContentRange === undefined)
      throw new Error('the file storage does not answer ranges');
  } catch (error) {
    body.destroy();
    throw error;
  }
  const wanted = range ?? { start: 0, end: bytes - 1 };
  // Ended by the signal also when nobody has begun to read, and then without an error that nobody would catch.
  body.on('error', () => {});
  signal?.addEventListener('abort', () => body.destroy(), { once: true });
  return { bytes, stream: resumed(source, wanted, { body, etag: answer.ETag }, signal) };
}

/** Reads to the end of the range, over as many connections as it takes; always of the same object. */
async function* resumed(
  source: Source,
  { start, end }: ByteRange,
  first: { readonly body: Readable; readonly etag: string | undefined },
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  let at = start;
  let { body } = first;
  for (let resumes = 0; ; resumes += 1) {
    const from = at;
    try {
      for await (const chunk of body as AsyncIterable<Uint8Array>) {
        // Some servers send on behind the end of a range.
        const wanted = chunk.subarray(0, end + 1 - at);
        at += wanted.length;
        yield wanted;
        if (at > end) break;
      }
      signal?.throwIfAborted();
      if (at > end) return;
      throw Object.assign(new Error('the answer ended early'), { code: 'ECONNRESET' });
    } catch (error) {
      signal?.throwIfAborted();
      if (!isUnavailable(error) || first.etag === undefined) throw explained(error);
      if (at === from && resumes >= RESUMES_MAX) throw explained(error);
      if (at > from) resumes = 0;
    } finally {
      body.destroy();
    }
    try {
      body = (await get(source, { start: at, end }, first.etag, signal)).Body as Readable;
    } catch (error) {
      throw explained(error);
    }
    body.on('error', () => {});
    const opened = body;
    signal?.addEventListener('abort', () => opened.destroy(), { once: true });
  }
}

function get(
  { client, bucket, key }: Source,
  range: ByteRange | undefined,
  etag: string | undefined,
  signal: AbortSignal | undefined,
): Promise<GetObjectCommandOutput> {
  const command = new GetObjectCommand({
    Bucket: bucket,
    Key: key,
    ...(range === undefined ? {} : { Range: `bytes=${range.start}-${range.end}` }),
    ...(etag === undefined ? {} : { IfMatch: etag }),
  });
  return client.send(command, abortedBy(signal));
}

/** `bytes 3-5/10` → 10. */
function totalOf({ ContentRange, ContentLength }: GetObjectCommandOutput): number {
  const total = /\/(\d+)$/.exec(ContentRange ?? '')?.[1];
  return total === undefined ? (ContentLength ?? 0) : Number(total);
}
