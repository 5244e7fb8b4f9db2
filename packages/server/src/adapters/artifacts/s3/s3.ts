import { createHash } from 'node:crypto';
import { DeleteObjectCommand, GetObjectCommand, ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import type { Artifact } from '../../../domain/result.ts';
import type { ArtifactStore, ByteRange, ByteSource, LinkWish, OpenedArtifact } from '../../../ports/artifacts.ts';
import { readSource } from '../../system/byte-source.ts';
import { checkFolderPrefix, checkKey, splitPrefix } from '../key.ts';
import { checkBucket } from './check.ts';
import { createS3Client, type S3Place } from './client.ts';
import { download } from './download.ts';
import { explained } from './errors.ts';
import { abortUploads, upload } from './upload.ts';

export interface S3Wish extends S3Place {
  /** Hand out addresses of the bucket itself, at this endpoint or at the bucket's own; undefined: never. */
  readonly links?: { readonly endpoint: string | undefined } | undefined;
}

/** An artifact store in a bucket, shared by any number of processes. */
export interface S3Artifacts extends ArtifactStore {
  /** Whether the bucket answers; rejects when it does not. */
  ping(): Promise<void>;
  /** Ends uploads that killed processes left half done. */
  sweepUploads(before: number): Promise<number>;
  close(): void;
}

const DELETES_AT_ONCE = 8;
const PING_MS = 5_000;

/** @throws BucketError when the bucket cannot be read and written, in words for the operator */
export async function openS3Artifacts(wish: S3Wish): Promise<S3Artifacts> {
  const client = createS3Client(wish);
  try {
    await checkBucket(client, wish);
    return createS3Artifacts(client, wish);
  } catch (error) {
    client.destroy();
    throw error;
  }
}

function createS3Artifacts(client: S3Client, wish: S3Wish): S3Artifacts {
  const { bucket, prefix } = wish;
  const signing = wish.links === undefined ? undefined : createS3Client({ ...wish, ...endpointOf(wish.links) });
  const at = (key: string) => {
    checkKey(key);
    return { client, bucket, key: `${prefix}${key}` };
  };

  async function* list(start: string): AsyncGenerator<{ readonly key: string; readonly writtenAt: number }> {
    splitPrefix(start);
    let token: string | undefined;
    do {
      const page = await client
        .send(
          new ListObjectsV2Command({
            Bucket: bucket,
            Prefix: `${prefix}${start}`,
            ...(token === undefined ? {} : { ContinuationToken: token }),
          }),
        )
        .catch((error: unknown) => {
          throw explained(error);
        });
      for (const { Key, LastModified } of page.Contents ?? []) {
        if (Key !== undefined)
          yield { key: Key.slice(prefix.length), writtenAt: LastModified?.getTime() ?? Date.now() };
      }
      token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
    } while (token !== undefined);
  }

  async function remove(key: string): Promise<void> {
    const { key: Key } = at(key);
    try {
      await client.send(new DeleteObjectCommand({ Bucket: bucket, Key }));
    } catch (error) {
      throw explained(error);
    }
  }

  const store: S3Artifacts = {
    async put(key: string, source: ByteSource, type: string, signal?: AbortSignal): Promise<Artifact> {
      const target = { ...at(key), type };
      const hash = createHash('sha256');
      let bytes = 0;
      async function* measured(): AsyncGenerator<Uint8Array> {
        for await (const chunk of readSource(source, signal)) {
          hash.update(chunk);
          bytes += chunk.length;
          yield chunk;
        }
      }
      try {
        await upload(target, measured(), signal);
      } catch (error) {
        signal?.throwIfAborted();
        throw explained(error);
      }
      return { key, bytes, sha256: hash.digest('hex'), type };
    },

    async open(key: string, range?: ByteRange, signal?: AbortSignal): Promise<OpenedArtifact | undefined> {
      signal?.throwIfAborted();
      return download(at(key), range, signal);
    },

    remove,

    // One by one: the call that deletes many at once is the one that servers differ in most, and a video has few files.
    async removeAll(folder: string): Promise<void> {
      checkFolderPrefix(folder);
      let batch: Promise<void>[] = [];
      for await (const { key } of list(folder)) {
        batch.push(remove(key));
        if (batch.length < DELETES_AT_ONCE) continue;
        await Promise.all(batch);
        batch = [];
      }
      await Promise.all(batch);
    },

    list,
    freeBytes: async () => undefined,

    async ping() {
      const look = new ListObjectsV2Command({ Bucket: bucket, Prefix: `${prefix}videos/`, MaxKeys: 1 });
      await client.send(look, { abortSignal: AbortSignal.timeout(PING_MS) });
    },
    sweepUploads: (before) => abortUploads({ client, bucket }, prefix, before),
    close() {
      client.destroy();
      signing?.destroy();
    },
  };
  if (signing === undefined) return store;
  return {
    ...store,
    async link(key: string, { ttlMs, type, disposition }: LinkWish): Promise<string> {
      const command = new GetObjectCommand({
        Bucket: bucket,
        Key: at(key).key,
        ResponseContentType: type,
        ResponseContentDisposition: disposition,
      });
      return getSignedUrl(signing, command, { expiresIn: Math.ceil(ttlMs / 1_000) });
    },
  };
}

function endpointOf({ endpoint }: { readonly endpoint: string | undefined }) {
  return endpoint === undefined ? {} : { endpoint };
}
