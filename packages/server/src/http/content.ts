import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Fault } from '../domain/fault.ts';
import type { Artifact } from '../domain/result.ts';
import type { Video } from '../domain/video.ts';
import type { ByteRange, Content, OpenedArtifact, Variant } from '../service/content.ts';
import type { HttpLog } from './parts.ts';
import { noneMatchHits, notModifiedSince, rangeStillValid, readRange, type Span } from './range.ts';

/** The types we store, and what their files are called. Anything else is sent as bytes that nothing will execute. */
const EXTENSIONS: Readonly<Record<string, string>> = {
  'video/mp4': 'mp4',
  'image/webp': 'webp',
  'image/png': 'png',
  'image/jpeg': 'jpg',
  'image/bmp': 'bmp',
};

/** A page opened from one of our files has an origin of its own and may load nothing but that file. */
const CONTENT_CSP = "sandbox; default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'";

/** A stored file and what to tell of it. */
export interface SentFile {
  readonly artifact: Artifact;
  readonly modifiedAt: number;
  /** Made by us, so that there is nothing to escape; the extension is added. */
  readonly name: string;
  /** Whose file it is, for the log. */
  readonly subject: string;
  open(range: ByteRange | undefined, signal: AbortSignal): Promise<OpenedArtifact>;
  /** An address that leads straight to the file; absent: it goes through us. */
  link?: ((disposition: string) => Promise<string>) | undefined;
}

/** Answers GET and HEAD for a file of a video. */
export function sendContent(
  request: FastifyRequest,
  reply: FastifyReply,
  { artifact, video, open, link }: Content,
  variant: Variant,
  log: HttpLog,
): Promise<FastifyReply> {
  const name = variant === 'video' ? video.id : `${video.id}-${variant}`;
  return sendFile(
    request,
    reply,
    { artifact, modifiedAt: modified(video, variant), name, subject: video.id, open, link },
    log,
  );
}

/** Answers GET and HEAD for a stored file: conditions, one range, and bytes at the pace of the reader. */
export async function sendFile(
  request: FastifyRequest,
  reply: FastifyReply,
  file: SentFile,
  log: HttpLog,
): Promise<FastifyReply> {
  const { artifact, modifiedAt } = file;
  const { headers } = request;
  const etag = `"${artifact.sha256}"`;
  const known = EXTENSIONS[artifact.type];
  const validators = {
    etag,
    'last-modified': new Date(modifiedAt).toUTCString(),
    // Kept by the browser but asked for each time, so that what was deleted is gone there too.
    'cache-control': 'private, no-cache',
  };
  const described = {
    ...validators,
    'accept-ranges': 'bytes',
    'content-security-policy': CONTENT_CSP,
    'content-type': known === undefined ? 'application/octet-stream' : artifact.type,
    'content-disposition': `inline; filename="${file.name}.${known ?? 'bin'}"`,
  };

  const unchanged =
    headers['if-none-match'] === undefined
      ? notModifiedSince(headers['if-modified-since'], modifiedAt)
      : noneMatchHits(headers['if-none-match'], etag);
  if (unchanged) return reply.code(304).headers(validators).send();
  // Range is defined for GET only; HEAD tells of the whole.
  if (request.method === 'HEAD') return reply.headers({ ...described, 'content-length': artifact.bytes }).send();

  if (file.link !== undefined) {
    const location = await file.link(described['content-disposition']);
    // The address is good for minutes, so it must not be kept; the reader asks it for the range again.
    return reply.code(302).headers({ location, etag, 'cache-control': 'private, no-store' }).send();
  }
  const valid = rangeStillValid(headers['if-range']?.toString(), etag, modifiedAt);
  const wish = valid ? readRange(headers.range, artifact.bytes) : 'whole';
  if (wish === 'unsatisfiable') {
    reply.headers({ 'content-range': `bytes */${artifact.bytes}`, 'accept-ranges': 'bytes' });
    throw new Fault('range_not_satisfiable', `The file has ${artifact.bytes} bytes; the range lies outside of it.`, {
      param: 'Range',
    });
  }
  const span = wish === 'whole' ? undefined : wish;
  const stream = await openUntilClosed(request, reply, file, span, log);
  // Nothing is said of the file before it is open: until then the answer may still be 410.
  reply.headers({ ...described, 'content-length': lengthOf(span, artifact.bytes) });
  if (span !== undefined) {
    reply.code(206).header('content-range', `bytes ${span.start}-${span.end}/${artifact.bytes}`);
  }
  return reply.send(stream);
}

/** Opens the file for as long as somebody is there to read it. */
async function openUntilClosed(
  request: FastifyRequest,
  reply: FastifyReply,
  file: SentFile,
  span: Span | undefined,
  log: HttpLog,
): Promise<Readable> {
  const gone = new AbortController();
  reply.raw.once('close', () => gone.abort());
  const opened = await file.open(span, gone.signal);
  const stream = Readable.from(exactly(opened.stream, lengthOf(span, file.artifact.bytes)));
  stream.on('error', (error) => {
    if (gone.signal.aborted) return;
    log.error({ requestId: request.id, subject: file.subject, err: error }, 'reading a stored file failed');
  });
  return stream;
}

/** A file shorter than its row says must break the connection: ended quietly, the reader would wait for the rest. */
async function* exactly(stream: AsyncIterable<Uint8Array>, bytes: number): AsyncIterable<Uint8Array> {
  let sent = 0;
  for await (const chunk of stream) {
    sent += chunk.length;
    yield chunk;
  }
  if (sent !== bytes) throw new Error(`the stored file has ${sent} bytes where ${bytes} were expected`);
}

function lengthOf(span: Span | undefined, bytes: number): number {
  return span === undefined ? bytes : span.end - span.start + 1;
}

/** When the file came into being, as near as the row tells. */
function modified(video: Video, variant: Variant): number {
  const isInput = variant === 'first_frame' || variant === 'last_frame';
  return isInput ? video.createdAt : (video.completedAt ?? video.createdAt);
}
