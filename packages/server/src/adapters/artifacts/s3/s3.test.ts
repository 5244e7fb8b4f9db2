import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { S3_CREDENTIALS, type S3Server, startS3 } from '../../../../../../test/support/s3-server.ts';
import { startS3rver } from '../../../../../../test/support/s3rver.ts';
import { artifactsContract } from '../../../ports/artifacts.contract.ts';
import { readWhole } from '../../../ports/artifacts.ts';
import { openS3Artifacts, type S3Artifacts, type S3Wish } from './s3.ts';
import { PART_BYTES } from './upload.ts';

let folder: string;
let server: S3Server;
const opened: S3Artifacts[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inbetween-s3-'));
  server = await startS3({ folder: join(folder, 'ours') });
});
afterAll(async () => {
  for (const store of opened.splice(0)) store.close();
  await server.close();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(() => useCredentials(S3_CREDENTIALS));
afterEach(() => vi.unstubAllEnvs());

/** The SDK finds them by itself, as it does in production. */
function useCredentials({ id, secret }: { readonly id: string; readonly secret: string }): void {
  for (const [name, value] of Object.entries({
    AWS_ACCESS_KEY_ID: id,
    AWS_SECRET_ACCESS_KEY: secret,
    AWS_SESSION_TOKEN: '',
    AWS_PROFILE: '',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_CONFIG_FILE: join(folder, 'none'),
    AWS_SHARED_CREDENTIALS_FILE: join(folder, 'none'),
  }))
    vi.stubEnv(name, value);
}

async function open(wish: Partial<S3Wish> = {}): Promise<S3Artifacts> {
  const store = await openS3Artifacts({
    bucket: server.bucket,
    prefix: '',
    region: 'eu-north-1',
    endpoint: server.url,
    pathStyle: true,
    ...wish,
  });
  opened.push(store);
  return store;
}

artifactsContract('s3, checking signatures', async () => {
  useCredentials(S3_CREDENTIALS);
  return open({ prefix: 'contract/' });
});

describe('with s3rver', () => {
  let other: Awaited<ReturnType<typeof startS3rver>>;
  beforeAll(async () => {
    other = await startS3rver(join(folder, 's3rver'));
  });
  afterAll(() => other.close());

  artifactsContract('s3, s3rver', async () => {
    useCredentials(other.credentials);
    return open({ endpoint: other.url, bucket: other.bucket, prefix: 'some/where/' });
  });
});

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const LARGE = randomBytes(2 * PART_BYTES + 12_345);

describe('large files', () => {
  it.each([PART_BYTES - 1, PART_BYTES, PART_BYTES + 1, 2 * PART_BYTES])(
    'are stored whole at %i bytes',
    async (bytes) => {
      const store = await open({ prefix: 'sizes/' });
      const body = LARGE.subarray(0, bytes);
      await store.put('file', { stream: pieces(body, 1_000_003) }, 'video/mp4');
      expect(Buffer.compare(await wholeOf(store, 'file'), body)).toBe(0);
      expect(await server.openUploads()).toEqual([]);
    },
  );

  it('go in parts, and one part that fails is sent again', async () => {
    const store = await open();
    server.fail({ on: /^PUT .*partNumber=2/, status: 503, code: 'SlowDown', times: 2 });
    await store.put('large', { bytes: LARGE }, 'video/mp4');
    expect(Buffer.compare(await wholeOf(store, 'large'), LARGE)).toBe(0);
    expect(server.requests.filter((line) => /^PUT .*large.*partNumber=2/.test(line))).toHaveLength(3);
  });

  it('leave no parts behind when the source breaks off, when they are refused, or when nobody wants them any more', async () => {
    const store = await open();
    async function* breaking() {
      yield* pieces(LARGE, 1_000_000);
      throw new Error('the source broke off');
    }
    await expect(store.put('never', { stream: breaking() }, 'video/mp4')).rejects.toThrow('the source broke off');
    server.fail({ on: /^PUT .*partNumber=2/, status: 403, code: 'AccessDenied', times: 1 });
    await expect(store.put('never', { bytes: LARGE }, 'video/mp4')).rejects.toThrow('AccessDenied');
    const abort = new AbortController();
    async function* slow() {
      yield LARGE;
      abort.abort(new Error('no longer wanted'));
      yield LARGE;
    }
    await expect(store.put('never', { stream: slow() }, 'video/mp4', abort.signal)).rejects.toThrow('no longer wanted');
    expect(await store.open('never')).toBeUndefined();
    expect(await server.openUploads()).toEqual([]);
  });

  it('that a killed process left half sent are swept once they are old enough', async () => {
    const store = await open({ prefix: 'swept/' });
    server.fail({ on: /^DELETE .*uploadId/, status: 403, code: 'AccessDenied', times: 1 });
    server.fail({ on: /^PUT .*partNumber=2/, status: 403, code: 'AccessDenied', times: 1 });
    await expect(store.put('half', { bytes: LARGE }, 'video/mp4')).rejects.toThrow();
    expect(await server.openUploads()).toHaveLength(1);
    expect(await store.sweepUploads(Date.now() - 3_600_000)).toBe(0);
    expect(await store.sweepUploads(Date.now() + 3_600_000)).toBe(1);
    expect(await server.openUploads()).toEqual([]);
  });
});

async function wholeOf(store: S3Artifacts, key: string): Promise<Buffer> {
  const found = await store.open(key);
  if (found === undefined) throw new Error(`there is no ${key}`);
  return Buffer.from(await readWhole(found));
}

describe('a server that fails', () => {
  it('a download that breaks off is continued where it stopped', async () => {
    const store = await open();
    await store.put('broken', { bytes: LARGE }, 'video/mp4');
    server.fail({ on: /^GET .*broken/, cutAfter: 5_000_000, times: 3 });
    expect(Buffer.compare(await wholeOf(store, 'broken'), LARGE)).toBe(0);
    server.fail({ on: /^GET .*broken/, cutAfter: 1_000, times: 1 });
    const range = await store.open('broken', { start: 100, end: 9_999 });
    expect(range?.bytes).toBe(LARGE.length);
    expect(Buffer.compare(Buffer.from(await readWhole(range!)), LARGE.subarray(100, 10_000))).toBe(0);
  });

  it('a download never goes on with another file', async () => {
    const store = await open();
    await store.put('replaced', { bytes: LARGE }, 'video/mp4');
    server.fail({ on: /^GET .*replaced/, cutAfter: 1_000_000, times: 1 });
    const old = await store.open('replaced');
    await store.put('replaced', { bytes: LARGE.toReversed() }, 'video/mp4');
    await expect(readWhole(old!)).rejects.toThrow();
  });

  it('says that it does not answer, and nothing about the file', async () => {
    const store = await open();
    server.fail({ on: /down/, status: 503, code: 'ServiceUnavailable', times: 8 });
    await expect(store.put('down', { bytes: LARGE.subarray(9) }, 'video/mp4')).rejects.toMatchObject({
      code: 'storage_unavailable',
    });
    for (const [status, code] of [
      [507, 'InsufficientStorage'],
      [403, 'QuotaExceeded'],
      [400, 'XMinioAdminBucketQuotaExceeded'],
    ] as const) {
      server.fail({ on: /full/, status, code, times: 8 });
      await expect(store.put('full', { bytes: LARGE.subarray(9) }, 'video/mp4')).rejects.toMatchObject({
        code: 'storage_full',
      });
      server.heal();
    }
  }, 30_000);
});

describe('links', () => {
  it('are there only when wished, and let anybody read one file for a while', async () => {
    expect((await open()).link).toBeUndefined();
    const store = await open({ prefix: 'linked/', links: { endpoint: undefined } });
    await store.put('file', { bytes: Buffer.from('hello') }, 'text/plain');
    const url =
      (await store.link?.('file', {
        ttlMs: 60_000,
        type: 'video/mp4',
        disposition: 'inline; filename="a.mp4"',
      })) ?? '';
    const answer = await fetch(url, { headers: { range: 'bytes=1-3' } });
    expect([answer.status, await answer.text()]).toEqual([206, 'ell']);
    expect(answer.headers.get('content-type')).toBe('video/mp4');
    expect(answer.headers.get('content-disposition')).toBe('inline; filename="a.mp4"');
    expect((await fetch(url.replace('linked/file', 'contract/empty'))).status).toBe(403);
    expect((await fetch(url.replace(/Expires=\d+/, 'Expires=6000'))).status).toBe(403);
  });
});

describe('start-up', () => {
  it.each<[string, () => Promise<unknown>, RegExp]>([
    ['no bucket', () => open({ bucket: 'absent' }), /no bucket "absent" at http:\/\/127\.0\.0\.1/],
    ['nobody there', () => open({ endpoint: 'http://127.0.0.1:1' }), /127\.0\.0\.1:1 does not answer.*S3_ENDPOINT/],
  ])('%s', async (_, work, words) => {
    await expect(work()).rejects.toThrow(words);
  });

  it('wrong key and wrong secret', async () => {
    useCredentials({ ...S3_CREDENTIALS, id: 'AKIASOMEBODYELSE0000' });
    await expect(open()).rejects.toThrow(/does not know the access key/);
    useCredentials({ ...S3_CREDENTIALS, secret: 'wrong' });
    await expect(open()).rejects.toThrow(/refuses the signature.*AWS_SECRET_ACCESS_KEY/);
    await expect(open()).rejects.not.toThrow(/wrong/);
  });

  it('no credentials at all', async () => {
    useCredentials({ id: '', secret: '' });
    await expect(open()).rejects.toThrow(/no credentials for the bucket "videos"/);
  });

  it('rights to read but not to write', async () => {
    server.fail({ on: /^PUT/, status: 403, code: 'AccessDenied', times: 1 });
    await expect(open()).rejects.toThrow(/may not write to the bucket.*s3:PutObject/);
  });

  it('leaves nothing of its check behind', async () => {
    await open({ prefix: 'checked/' });
    expect((await server.keys()).filter((key) => key.startsWith('checked/'))).toEqual([]);
  });
});
