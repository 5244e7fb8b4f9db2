import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { createS3Folder, type S3Folder } from './s3-folder.ts';
import { type Credentials, checkSignature } from './sigv4.ts';

/** What goes wrong with the next requests that match. */
export interface S3Fault {
  /** Of the method and path, such as `/^PUT .*uploadId/`; all requests when absent. */
  readonly on?: RegExp;
  /** Answer this instead of doing it. */
  readonly status?: number;
  readonly code?: string;
  /** Do it, and break the connection after so many bytes of the answer. */
  readonly cutAfter?: number;
  readonly times: number;
}

export interface S3Server {
  readonly url: string;
  readonly port: number;
  readonly bucket: string;
  readonly credentials: Credentials;
  /** `PUT /bucket/key?partNumber=1`, in the order of arrival. */
  readonly requests: readonly string[];
  fail(fault: S3Fault): void;
  /** Nothing goes wrong any more. */
  heal(): void;
  /** Uploads in parts that are neither completed nor aborted. */
  openUploads(): Promise<readonly string[]>;
  keys(): Promise<readonly string[]>;
  close(): Promise<void>;
}

interface S3Wish {
  readonly folder: string;
  readonly port?: number;
  readonly bucket?: string;
  readonly credentials?: Credentials;
}

export const S3_CREDENTIALS: Credentials = { id: 'AKIATESTTESTTESTTEST', secret: 'secret/of+tests=0123456789' };

class S3Error extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string) {
    super(code);
    this.status = status;
    this.code = code;
  }
}

/** A small S3: one bucket in a folder, path style, signatures and body hashes checked, objects replaced as a whole. */
export async function startS3(wish: S3Wish): Promise<S3Server> {
  const { folder, port = 0, bucket = 'videos', credentials = S3_CREDENTIALS } = wish;
  await mkdir(folder, { recursive: true });
  const store = await createS3Folder(folder);
  const requests: string[] = [];
  const faults: { fault: S3Fault; left: number }[] = [];

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET', url = '/', headers } = request;
    const line = `${method} ${url}`;
    requests.push(line);
    const fault = faults.find(({ fault, left }) => left > 0 && (fault.on?.test(line) ?? true));
    if (fault !== undefined) fault.left -= 1;
    const body = await readBody(request);
    if (fault?.fault.status !== undefined) throw new S3Error(fault.fault.status, fault.fault.code ?? 'InternalError');
    if (fault?.fault.cutAfter !== undefined) cutAfter(response, fault.fault.cutAfter);
    const verdict = checkSignature({ method, url, headers }, credentials);
    if (verdict !== 'ok') throw new S3Error(403, verdict);
    checkBody(headers['x-amz-content-sha256'], body);
    const { pathname, searchParams: query } = new URL(url, 'http://server');
    const [, named = '', ...rest] = pathname.split('/');
    if (named !== bucket) throw new S3Error(404, 'NoSuchBucket');
    const key = decodeURIComponent(rest.join('/'));
    if (key === '') return answerBucket(store, method, query, response);
    return answerObject(store, { method, key, query, body, headers }, response);
  }

  const server: Server = createServer({ requestTimeout: 60_000 }, (request, response) => {
    answer(request, response).catch((error: unknown) => {
      if (response.headersSent || response.destroyed) return void response.destroy();
      const { status, code } = error instanceof S3Error ? error : new S3Error(500, 'InternalError');
      if (!(error instanceof S3Error)) console.error(error);
      xml(response, `<Error><Code>${code}</Code><Message>${code}</Message></Error>`, status);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    port: address.port,
    bucket,
    credentials,
    requests,
    fail: (fault) => void faults.push({ fault, left: fault.times }),
    heal: () => void faults.splice(0),
    openUploads: async () => (await store.uploads()).map(({ id }) => id),
    keys: () => store.keys(''),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function answerBucket(store: S3Folder, method: string, query: URLSearchParams, response: ServerResponse) {
  if (method === 'HEAD') return void response.writeHead(200).end();
  if (query.has('uploads')) {
    const uploads = (await store.uploads()).filter(({ key }) => key.startsWith(query.get('prefix') ?? ''));
    const items = uploads.map(
      ({ id, key, begun }) =>
        `<Upload><Key>${escaped(key)}</Key><UploadId>${id}</UploadId><Initiated>${begun.toISOString()}</Initiated></Upload>`,
    );
    return xml(response, `<ListMultipartUploadsResult>${items.join('')}</ListMultipartUploadsResult>`);
  }
  const limit = Number(query.get('max-keys') ?? 1_000);
  const after = query.get('continuation-token') ?? '';
  const all = (await store.keys(query.get('prefix') ?? '')).filter((key) => key > after);
  const page = all.slice(0, limit);
  const items = await Promise.all(
    page.map(async (key) => {
      const facts = await store.facts(key);
      if (facts === undefined) return '';
      return `<Contents><Key>${escaped(key)}</Key><LastModified>${facts.writtenAt.toISOString()}</LastModified><ETag>${escaped(facts.etag)}</ETag><Size>${facts.bytes}</Size></Contents>`;
    }),
  );
  const more = all.length > page.length;
  const next = more ? `<NextContinuationToken>${escaped(page.at(-1) ?? '')}</NextContinuationToken>` : '';
  return xml(
    response,
    `<ListBucketResult><IsTruncated>${more}</IsTruncated>${next}${items.join('')}</ListBucketResult>`,
  );
}

interface ObjectRequest {
  readonly method: string;
  readonly key: string;
  readonly query: URLSearchParams;
  readonly body: Buffer;
  readonly headers: IncomingMessage['headers'];
}

async function answerObject(store: S3Folder, request: ObjectRequest, response: ServerResponse): Promise<void> {
  const { method, key, query, body } = request;
  const upload = query.get('uploadId');
  switch (method) {
    case 'PUT':
      if (upload !== null) {
        const etag = await store.putPart(upload, Number(query.get('partNumber')), body);
        if (etag === undefined) throw new S3Error(404, 'NoSuchUpload');
        return void response.writeHead(200, { etag }).end();
      }
      return void response.writeHead(200, { etag: await store.put(key, body) }).end();
    case 'POST': {
      if (query.has('uploads')) {
        const id = await store.begin(key);
        return xml(
          response,
          `<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`,
        );
      }
      const numbers = [...body.toString().matchAll(/<PartNumber>(\d+)<\/PartNumber>/g)].map(([, n]) => Number(n));
      const etag = await store.complete(upload ?? '', numbers);
      if (etag === undefined) throw new S3Error(404, 'NoSuchUpload');
      return xml(
        response,
        `<CompleteMultipartUploadResult><ETag>${escaped(etag)}</ETag></CompleteMultipartUploadResult>`,
      );
    }
    case 'DELETE':
      await (upload === null ? store.remove(key) : store.abort(upload));
      return void response.writeHead(204).end();
    default:
      return send(store, request, response);
  }
}

async function send(store: S3Folder, { method, key, query, headers }: ObjectRequest, response: ServerResponse) {
  const opened = await store.open(key);
  if (opened === undefined) throw new S3Error(404, 'NoSuchKey');
  const { bytes, etag, writtenAt } = opened;
  try {
    if (headers['if-match'] !== undefined && headers['if-match'] !== etag) throw new S3Error(412, 'PreconditionFailed');
    const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? '') ?? [];
    const start = Number(from ?? 0);
    if (from !== undefined && start >= bytes) throw new S3Error(416, 'InvalidRange');
    const end = Math.min(to === undefined || to === '' ? bytes - 1 : Number(to), bytes - 1);
    response.writeHead(from === undefined ? 200 : 206, {
      etag,
      'content-length': Math.max(0, end - start + 1),
      'last-modified': writtenAt.toUTCString(),
      'content-type': query.get('response-content-type') ?? 'application/octet-stream',
      'accept-ranges': 'bytes',
      ...(query.has('response-content-disposition')
        ? { 'content-disposition': query.get('response-content-disposition') ?? '' }
        : {}),
      ...(from === undefined ? {} : { 'content-range': `bytes ${start}-${end}/${bytes}` }),
    });
    if (method === 'HEAD' || bytes === 0) return void response.end();
    await pipeline(opened.read(start, end), response);
  } finally {
    await opened.close();
  }
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of request) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks);
}

/** A body that is not what was signed is refused; one that was not signed at all is let in, as S3 does. */
function checkBody(claimed: string | string[] | undefined, body: Buffer): void {
  if (claimed === undefined || claimed === 'UNSIGNED-PAYLOAD') return;
  if (claimed !== createHash('sha256').update(body).digest('hex')) throw new S3Error(400, 'XAmzContentSHA256Mismatch');
}

/** Lets so many bytes of the body through, then breaks the connection. */
function cutAfter(response: ServerResponse, bytes: number): void {
  const write = response.write.bind(response) as (chunk: Buffer, ...rest: unknown[]) => boolean;
  let left = bytes;
  response.write = ((chunk: Buffer, ...rest: unknown[]) => {
    if (chunk.length <= left) {
      left -= chunk.length;
      return write(chunk, ...rest);
    }
    return write(chunk.subarray(0, left), () => response.destroy());
  }) as typeof response.write;
}

function xml(response: ServerResponse, text: string, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/xml' }).end(`<?xml version="1.0"?>${text}`);
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
