import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Fault } from '../domain/fault.ts';
import { unsupportedType } from './errors.ts';
import { parseJson } from './parse-json.ts';
import type { HttpLimits } from './parts.ts';

/** What a route does with a body: has none, reads JSON or a form (`posted`), a little `json`, or lets it pass unread. */
export type BodyKind = 'none' | 'posted' | 'json' | 'ignored';

/** A body, told apart by how it was sent. */
export type PostedBody =
  | { readonly kind: 'json'; readonly value: unknown }
  | { readonly kind: 'form'; readonly form: FormData };

type Hook = (request: FastifyRequest, reply: FastifyReply) => Promise<void>;

/** The readers of bodies, and the gate that bounds how much is read at once. */
export interface Bodies {
  /** Sets the readers of a Fastify scope; everything else is 415. */
  prepare(scope: FastifyInstance, kind: BodyKind): void;
  /** Hooks that refuse a body before its first byte is read. */
  gate(kind: BodyKind): readonly Hook[];
  /** Bytes promised and not yet answered. */
  inFlight(): number;
}

const IGNORED_MAX = 64 * 1024;
const JSON_MAX = 64 * 1024;
/** A body has a dozen fields; the rest is for tags and for fields we ignore. */
const PARTS_MAX = 100;
const FULL_RETRY_MS = 2_000;

export function createBodies(limits: HttpLimits): Bodies {
  let inFlight = 0;

  /** A body counts from its headers to the end of the answer, because its bytes are held as long. */
  async function gate(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const { 'content-length': length, 'content-encoding': encoding, 'transfer-encoding': transfer } = request.headers;
    if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
      throw unsupportedType('A body with a Content-Encoding is not read; send it uncompressed.');
    }
    // Of a chunked body nobody knows the size yet, so room is kept for the largest.
    const bytes = transfer === undefined ? Number(length ?? 0) : limits.bodyBytes;
    if (bytes > limits.bodyBytes) throw tooLarge(limits);
    if (inFlight + bytes > limits.inFlightBytes) {
      throw new Fault('overloaded', 'The server is reading as many pictures as it can hold. Try again shortly.', {
        retryAfterMs: FULL_RETRY_MS,
      });
    }
    inFlight += bytes;
    let counted = true;
    const release = () => {
      if (counted) inFlight -= bytes;
      counted = false;
    };
    reply.raw.once('close', release).once('finish', release);
  }

  return {
    inFlight: () => inFlight,
    gate: (kind) => (kind === 'posted' ? [gate] : []),
    prepare(scope, kind) {
      if (kind === 'none') return;
      scope.removeAllContentTypeParsers();
      if (kind === 'ignored') {
        scope.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: IGNORED_MAX }, async () => undefined);
        return;
      }
      const bodyLimit = kind === 'json' ? JSON_MAX : limits.bodyBytes;
      const options = { parseAs: 'buffer', bodyLimit } as const;
      scope.addContentTypeParser('application/json', options, async (request: FastifyRequest, body: Buffer) => ({
        kind: 'json',
        value: readJson(body, request.headers['content-type'] ?? ''),
      }));
      if (kind === 'json') return;
      scope.addContentTypeParser('multipart/form-data', options, async (request: FastifyRequest, body: Buffer) => ({
        kind: 'form',
        form: await readForm(body, request.headers['content-type'] ?? ''),
      }));
    },
  };
}

/** The fault for a body over the limit. */
function tooLarge(limits: HttpLimits): Fault {
  return new Fault(
    'request_too_large',
    `The body is larger than ${limits.bodyBytes} bytes. Send smaller pictures, or their URLs.`,
  );
}

/** `JSON.parse` makes own properties only, a `__proto__` among them, and nests without recursion: both are harmless here. */
function readJson(body: Buffer, contentType: string): unknown {
  const charset = /;\s*charset="?([^\s;"]+)/i.exec(contentType)?.[1];
  if (charset !== undefined && !/^(utf-?8|us-ascii)$/i.test(charset)) {
    throw unsupportedType('JSON is read as UTF-8 only.');
  }
  if (body.length === 0) throw new Fault('invalid_json', 'The body is empty; a JSON object is expected.');
  try {
    return parseJson(body);
  } catch (error) {
    // V8's own words quote the body; the position alone is as helpful and quotes nothing.
    const position = error instanceof Error ? /at position (\d+)/.exec(error.message)?.[1] : undefined;
    const where = position === undefined ? '' : ` It breaks at character ${position}.`;
    throw new Fault('invalid_json', `The body is not valid JSON.${where}`, { cause: error });
  }
}

/** The platform's own reader. It takes any number of parts, and slowly, so they are counted before. */
async function readForm(body: Buffer, contentType: string): Promise<FormData> {
  const boundary = /;\s*boundary=(?:"([^"]+)"|([^\s;]+))/i.exec(contentType);
  const name = boundary?.[1] ?? boundary?.[2];
  if (name === undefined) throw malformed('Its Content-Type names no boundary.');
  if (countUpTo(body, Buffer.from(`--${name}`), PARTS_MAX + 2) > PARTS_MAX + 1) {
    throw malformed(`It has more than ${PARTS_MAX} parts.`);
  }
  try {
    return await new Response(body, { headers: { 'content-type': contentType } }).formData();
  } catch (error) {
    throw malformed('A part is damaged or the closing boundary is missing.', error);
  }
}

function malformed(problem: string, cause?: unknown): Fault {
  return new Fault('invalid_request', `The multipart body cannot be read. ${problem}`, { cause });
}

function countUpTo(body: Buffer, needle: Buffer, limit: number): number {
  let count = 0;
  for (let at = body.indexOf(needle); at !== -1 && count < limit; at = body.indexOf(needle, at + needle.length)) {
    count += 1;
  }
  return count;
}

/**
 * The JSON that a route with body `json` was sent.
 * @param absent what stands for no body at all, where one is optional
 */
export function readJsonBody(request: FastifyRequest, absent?: object): unknown {
  const body = request.body as PostedBody | undefined;
  if (body === undefined && absent !== undefined) return absent;
  if (body?.kind !== 'json') throw unsupportedType('The request has no JSON body.');
  return body.value;
}
