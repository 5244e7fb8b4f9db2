import { createHash, randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, opendir, rename, rm, rmdir, stat, statfs } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Artifact } from '../../domain/result.ts';
import type { ArtifactStore, ByteRange, ByteSource, OpenedArtifact } from '../../ports/artifacts.ts';
import { readSource } from '../system/byte-source.ts';
import { asStorageFailure, errorCode } from '../system/storage-full.ts';
import { DurableFolders, syncFolder } from './durable-folders.ts';
import { checkFolderPrefix, checkKey, splitPrefix } from './key.ts';
import { checkRange } from './range.ts';

/** Where files are while they are written. No key begins with a dot, so no key can name anything in here. */
const INCOMING = '.incoming';

/** How often a put starts over because somebody removed the folder under it. */
const PUT_TRIES = 5;

/**
 * Opens an artifact store in a folder of a local disk, which one process at a time may hold. Files that a crashed
 * process was writing are removed first; nobody ever saw them.
 */
export async function openDiskArtifacts(folder: string): Promise<ArtifactStore> {
  const root = resolve(folder);
  const incoming = join(root, INCOMING);
  await mkdir(root, { recursive: true });
  await rm(incoming, { recursive: true, force: true });
  await mkdir(incoming);
  return new DiskArtifacts(root, incoming);
}

class DiskArtifacts implements ArtifactStore {
  readonly #root: string;
  readonly #incoming: string;
  readonly #folders: DurableFolders;

  constructor(root: string, incoming: string) {
    this.#root = root;
    this.#incoming = incoming;
    this.#folders = new DurableFolders(root);
  }

  async put(key: string, source: ByteSource, type: string, signal?: AbortSignal): Promise<Artifact> {
    const path = this.#path(key);
    const temporary = join(this.#incoming, randomUUID());
    try {
      const { bytes, sha256 } = await writeDurably(temporary, source, signal);
      signal?.throwIfAborted();
      await this.#publish(temporary, path);
      return { key, bytes, sha256, type };
    } catch (error) {
      await rm(temporary, { force: true });
      throw asStorageFailure(error);
    }
  }

  async open(key: string, range?: ByteRange, signal?: AbortSignal): Promise<OpenedArtifact | undefined> {
    signal?.throwIfAborted();
    const handle = await open(this.#path(key), 'r').catch(ifMissing(undefined));
    if (handle === undefined) return undefined;
    try {
      const facts = await handle.stat();
      if (!facts.isFile()) {
        await handle.close();
        return undefined;
      }
      if (range !== undefined) checkRange(range, facts.size);
      signal?.throwIfAborted();
      const stream = handle.createReadStream({ ...range, ...(signal === undefined ? {} : { signal }) });
      // Aborting before anyone reads must close the file without ending the process; a reader still gets the error.
      stream.on('error', () => {});
      return { bytes: facts.size, stream };
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  async remove(key: string): Promise<void> {
    const path = this.#path(key);
    await rm(path, { force: true }).catch(ifMissing(undefined));
    await this.#pruneEmpty(dirname(path));
  }

  async removeAll(prefix: string): Promise<void> {
    checkFolderPrefix(prefix);
    const path = join(this.#root, prefix);
    // A put that lands meanwhile makes the folder non-empty again for a moment.
    await rm(path, { recursive: true, force: true, maxRetries: 3 }).catch(ifMissing(undefined));
    this.#folders.forget();
    await this.#pruneEmpty(dirname(path));
  }

  async *list(prefix: string): AsyncGenerator<{ readonly key: string; readonly writtenAt: number }> {
    const { folder, start } = splitPrefix(prefix);
    yield* this.#walk(folder, start);
  }

  async freeBytes(): Promise<number> {
    const facts = await statfs(this.#root);
    return facts.bavail * facts.bsize;
  }

  #path(key: string): string {
    checkKey(key);
    return join(this.#root, key);
  }

  /** Gives a finished file its name; whoever opens that name sees the old file or the new one. */
  async #publish(temporary: string, path: string): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#folders.make(dirname(path));
        await rename(temporary, path);
        await syncFolder(dirname(path));
        return;
      } catch (error) {
        // `remove` took the empty folder away between the steps; the file itself is still where it was written.
        if (errorCode(error) !== 'ENOENT' || attempt === PUT_TRIES) throw error;
        this.#folders.forget();
      }
    }
  }

  /** Removes a folder and those above it as long as they are empty, so that a store of old videos has no dead folders. */
  async #pruneEmpty(folder: string): Promise<void> {
    for (let path = folder; path.startsWith(`${this.#root}/`); path = dirname(path)) {
      this.#folders.forget();
      const removed = await rmdir(path).then(
        () => true,
        (error: unknown) => errorCode(error) === 'ENOENT',
      );
      if (!removed) return;
    }
  }

  async *#walk(folder: string, start: string): AsyncGenerator<{ readonly key: string; readonly writtenAt: number }> {
    const entries = await opendir(join(this.#root, folder)).catch(ifMissing(undefined));
    if (entries === undefined) return;
    for await (const entry of entries) {
      if (entry.name.startsWith('.') || !entry.name.startsWith(start)) continue;
      const key = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) {
        yield* this.#walk(key, '');
        continue;
      }
      // What vanished since the folder was read is not there any more.
      const facts = await stat(join(this.#root, key)).catch(ifMissing(undefined));
      if (facts?.isFile()) yield { key, writtenAt: facts.mtimeMs };
    }
  }
}

async function writeDurably(path: string, source: ByteSource, signal?: AbortSignal) {
  const hash = createHash('sha256');
  const handle = await open(path, 'wx', 0o600);
  try {
    let bytes = 0;
    for await (const chunk of readSource(source, signal)) {
      hash.update(chunk);
      await writeAll(handle, chunk);
      bytes += chunk.length;
    }
    await handle.sync();
    return { bytes, sha256: hash.digest('hex') };
  } finally {
    await handle.close();
  }
}

/** One write may take only a part, for example when the disk is about to be full. */
async function writeAll(handle: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let done = 0; done < chunk.length; ) {
    done += (await handle.write(chunk, done)).bytesWritten;
  }
}

/** Reads "there is no such file or folder" as `value`. */
function ifMissing<T>(value: T): (error: unknown) => T {
  return (error) => {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return value;
    throw error;
  };
}
