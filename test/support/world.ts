import {
  createMemoryArtifacts,
  type MemoryArtifactsOptions,
} from '../../packages/server/src/adapters/artifacts/memory.ts';
import { Fault } from '../../packages/server/src/domain/fault.ts';
import type { FrameRole } from '../../packages/server/src/domain/frame.ts';
import type { VideoFacts } from '../../packages/server/src/domain/result.ts';
import { coverCrop, outputSize } from '../../packages/server/src/domain/size.ts';
import type { ArtifactStore } from '../../packages/server/src/ports/artifacts.ts';
import type { Clock } from '../../packages/server/src/ports/clock.ts';
import type { Fetcher } from '../../packages/server/src/ports/fetcher.ts';
import type { FramePreparer } from '../../packages/server/src/ports/frames.ts';
import type { Media } from '../../packages/server/src/ports/media.ts';
import { pngHeader, pngSides } from './pictures.ts';

/** An artifact store in memory that reads local files from `files`, so that no test touches a disk. */
export function createFakeArtifacts(
  files: ReadonlyMap<string, Uint8Array>,
  options: MemoryArtifactsOptions,
): ArtifactStore & { keys(prefix?: string): Promise<readonly string[]> } {
  const store = createMemoryArtifacts(options);
  return {
    ...store,
    async put(key, source, type, signal) {
      if (!('path' in source)) return store.put(key, source, type, signal);
      const bytes = files.get(source.path);
      if (bytes === undefined) throw new Error(`ENOENT: ${source.path}`);
      return store.put(key, { bytes }, type, signal);
    },
    async keys(prefix = '') {
      const found: string[] = [];
      for await (const { key } of store.list(prefix)) found.push(key);
      return found.toSorted();
    },
  };
}

/** Prepares by reading headers: the right sizes and crops, and a PNG that is nothing but its header. */
export function createFakePreparer(): FramePreparer & { fault: Fault | undefined; prepared: number; open: number } {
  return {
    fault: undefined,
    prepared: 0,
    open: 0,
    async prepare(pictures, tier, signal) {
      signal.throwIfAborted();
      if (this.fault !== undefined) throw this.fault;
      this.prepared += 1;
      this.open += 1;
      const size = outputSize(pngSides(pictures.first), tier);
      const frame = (role: FrameRole) => {
        const source = pngSides(pictures[role]);
        return { png: { bytes: pngHeader(size.width, size.height) }, source, crop: coverCrop(source, size) };
      };
      return {
        size,
        frames: { first: frame('first'), last: frame('last') },
        identical: Buffer.compare(pictures.first, pictures.last) === 0,
        [Symbol.asyncDispose]: async () => {
          this.open -= 1;
        },
      };
    },
  };
}

export const FACTS: VideoFacts = { width: 1280, height: 720, fps: 16, frames: 81, durationMs: 5_063 };

/** Finds the same in every file that is there. */
export function createFakeMedia(
  files: ReadonlyMap<string, Uint8Array>,
): Media & { fault: Fault | undefined; onInspect: () => Promise<void> } {
  return {
    fault: undefined,
    onInspect: async () => {},
    async inspect(path, signal) {
      await this.onInspect();
      signal.throwIfAborted();
      if (this.fault !== undefined) throw this.fault;
      if (!files.has(path)) throw new Error(`ENOENT: ${path}`);
      return { ...FACTS, codec: 'avc', faststart: true };
    },
  };
}

/** What stands behind a URL: a picture, a fault, or nothing that ever answers. */
export type Page = Uint8Array | Fault | 'silence';

export interface FakeFetcher extends Fetcher {
  readonly pages: Map<string, Page>;
  readonly fetched: string[];
}

export function createFakeFetcher(clock: Clock): FakeFetcher {
  const pages = new Map<string, Page>();
  const fetched: string[] = [];
  return {
    pages,
    fetched,
    check(url, trust) {
      if (trust === 'public' && new URL(url).hostname === '127.0.0.1')
        throw new Fault('url_not_allowed', 'The address is not public.');
    },
    async fetch(url, limits, signal) {
      fetched.push(url);
      const page = pages.get(url) ?? unreachable();
      if (page === 'silence') {
        await clock.sleep(limits.ms, signal);
        signal.throwIfAborted();
        throw unreachable();
      }
      if (page instanceof Fault) throw page;
      return { bytes: page, type: 'image/png' };
    },
  };
}

export function unreachable(): Fault {
  return new Fault('image_unreachable', 'The picture could not be fetched.');
}
