import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import type { ByteSource } from '../../ports/artifacts.ts';

const CHUNK_BYTES = 256 * 1024;

/**
 * Reads a source once, from wherever it is. Aborting ends the reading at once, also while a slow stream is silent, and
 * rejects with the signal's reason.
 */
export async function* readSource(source: ByteSource, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  signal?.throwIfAborted();
  if ('bytes' in source) {
    yield source.bytes;
    return;
  }
  const options = signal === undefined ? {} : { signal };
  const stream =
    'path' in source
      ? createReadStream(source.path, { ...options, highWaterMark: CHUNK_BYTES })
      : Readable.from(source.stream, { ...options, objectMode: true });
  try {
    yield* stream as AsyncIterable<Uint8Array>;
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    stream.destroy();
  }
}
