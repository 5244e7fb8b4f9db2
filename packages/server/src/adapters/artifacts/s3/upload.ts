import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';

/** What one upload is about. */
export interface Target {
  readonly client: S3Client;
  readonly bucket: string;
  /** With the prefix. */
  readonly key: string;
  readonly type: string;
}

/** Parts of this size: 10,000 of them, the most there may be, are 80 GB. Memory holds one part per upload. */
export const PART_BYTES = 8 * 1024 * 1024;

/**
 * Stores a stream of unknown length. Up to one part it is one request; beyond, parts are sent as they come. Nobody sees
 * anything of it before the end, and when the source breaks off, nothing stays.
 */
export async function upload(target: Target, source: AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<void> {
  const parts = inParts(source);
  const first = await parts.next();
  const second = first.done === true ? first : await parts.next();
  if (first.done === true || second.done === true) {
    await putWhole(target, first.done === true ? new Uint8Array() : first.value, signal);
    return;
  }
  await putParts(target, prepended([first.value, second.value], parts), signal);
}

async function putWhole({ client, bucket, key, type }: Target, body: Uint8Array, signal?: AbortSignal): Promise<void> {
  const put = new PutObjectCommand({
    Bucket: bucket,
    Key: key,
    Body: body,
    ContentLength: body.length,
    ContentType: type,
  });
  await client.send(put, abortedBy(signal));
}

async function putParts(target: Target, parts: AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<void> {
  const { client, bucket, key, type } = target;
  const object = { Bucket: bucket, Key: key };
  const { UploadId } = await client.send(
    new CreateMultipartUploadCommand({ ...object, ContentType: type }),
    abortedBy(signal),
  );
  try {
    const sent: { PartNumber: number; ETag: string | undefined }[] = [];
    for await (const body of parts) {
      const PartNumber = sent.length + 1;
      const part = new UploadPartCommand({ ...object, UploadId, PartNumber, Body: body, ContentLength: body.length });
      const { ETag } = await client.send(part, abortedBy(signal));
      sent.push({ PartNumber, ETag });
    }
    signal?.throwIfAborted();
    const complete = new CompleteMultipartUploadCommand({ ...object, UploadId, MultipartUpload: { Parts: sent } });
    await client.send(complete, abortedBy(signal));
  } catch (error) {
    // Parts of an upload that is neither completed nor aborted are kept, and paid for, without being seen anywhere.
    await client.send(new AbortMultipartUploadCommand({ ...object, UploadId })).catch(() => undefined);
    throw error;
  }
}

/** Ends uploads that a process left behind when it was killed; only those begun before `before` cannot be going on. */
export async function abortUploads(
  { client, bucket }: Pick<Target, 'client' | 'bucket'>,
  prefix: string,
  before: number,
): Promise<number> {
  let ended = 0;
  let marker: { KeyMarker?: string; UploadIdMarker?: string } = {};
  for (;;) {
    const page = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: prefix, ...marker }));
    for (const { Key, UploadId, Initiated } of page.Uploads ?? []) {
      if (Key === undefined || UploadId === undefined || (Initiated?.getTime() ?? before) >= before) continue;
      await client.send(new AbortMultipartUploadCommand({ Bucket: bucket, Key, UploadId }));
      ended += 1;
    }
    if (page.IsTruncated !== true || page.NextKeyMarker === undefined) return ended;
    marker = {
      KeyMarker: page.NextKeyMarker,
      ...(page.NextUploadIdMarker === undefined ? {} : { UploadIdMarker: page.NextUploadIdMarker }),
    };
  }
}

/** Cuts a stream into parts of one size, the last one shorter. Each is a copy: the source may use its memory again. */
async function* inParts(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let part = Buffer.allocUnsafe(0);
  let filled = 0;
  for await (const chunk of source) {
    for (let at = 0; at < chunk.length; ) {
      if (filled === part.length) {
        if (filled === PART_BYTES) {
          yield part;
          part = Buffer.allocUnsafe(0);
          filled = 0;
        }
        part = grown(part, filled + chunk.length - at);
      }
      const taken = Math.min(chunk.length - at, part.length - filled);
      part.set(chunk.subarray(at, at + taken), filled);
      filled += taken;
      at += taken;
    }
  }
  if (filled > 0) yield part.subarray(0, filled);
}

/** Room for at least `wanted` bytes, twice of what was, and never more than a part: small files cost little memory. */
function grown(part: Buffer<ArrayBuffer>, wanted: number): Buffer<ArrayBuffer> {
  const room = Buffer.allocUnsafe(Math.min(PART_BYTES, Math.max(wanted, part.length * 2)));
  part.copy(room);
  return room;
}

async function* prepended(first: readonly Uint8Array[], rest: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* first;
  yield* rest;
}

/** The SDK wants no `undefined`. */
export function abortedBy(signal: AbortSignal | undefined): { abortSignal?: AbortSignal } {
  return signal === undefined ? {} : { abortSignal: signal };
}
