import { createHash } from 'node:crypto';
import type { Artifact } from '../../domain/result.ts';
import type { ArtifactStore } from '../../ports/artifacts.ts';
import { readSource } from '../system/byte-source.ts';
import { storageFull } from '../system/storage-full.ts';
import { checkFolderPrefix, checkKey, splitPrefix } from './key.ts';
import { checkRange } from './range.ts';

/** How a memory store is set up; tests make it small to see it full. */
export interface MemoryArtifactsOptions {
  readonly capacityBytes?: number;
  readonly now?: () => number;
}

/** An artifact store that lives as long as the process: for tests. */
export function createMemoryArtifacts(options: MemoryArtifactsOptions = {}): ArtifactStore {
  const capacity = options.capacityBytes ?? Number.POSITIVE_INFINITY;
  const now = options.now ?? Date.now;
  const files = new Map<string, { readonly bytes: Uint8Array; readonly writtenAt: number }>();
  const free = () => [...files.values()].reduce((left, file) => left - file.bytes.length, capacity);

  return {
    async put(key, source, type, signal): Promise<Artifact> {
      checkKey(key);
      const chunks: Uint8Array[] = [];
      for await (const chunk of readSource(source, signal)) chunks.push(chunk.slice());
      const bytes = Buffer.concat(chunks);
      if (bytes.length > free() + (files.get(key)?.bytes.length ?? 0)) throw storageFull();
      files.set(key, { bytes, writtenAt: now() });
      return { key, bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex'), type };
    },

    async open(key, range, signal) {
      checkKey(key);
      signal?.throwIfAborted();
      const file = files.get(key);
      if (file === undefined) return undefined;
      if (range !== undefined) checkRange(range, file.bytes.length);
      const part = range === undefined ? file.bytes : file.bytes.subarray(range.start, range.end + 1);
      return { bytes: file.bytes.length, stream: readSource({ bytes: part }, signal) };
    },

    async remove(key) {
      checkKey(key);
      files.delete(key);
    },

    async removeAll(prefix) {
      checkFolderPrefix(prefix);
      for (const key of files.keys()) if (key.startsWith(prefix)) files.delete(key);
    },

    async *list(prefix) {
      splitPrefix(prefix);
      for (const [key, file] of [...files]) if (key.startsWith(prefix)) yield { key, writtenAt: file.writtenAt };
    },

    async freeBytes() {
      return capacity === Number.POSITIVE_INFINITY ? undefined : free();
    },
  };
}
