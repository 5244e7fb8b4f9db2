import { rm, writeFile } from 'node:fs/promises';

/** A file's bytes and where they go. */
export interface FileToWrite {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/**
 * Writes all files or none: after a failure or an abort those already written are removed.
 * The files may still be in the making; each is written as it comes. Gives the paths in order.
 */
export async function writeAllOrNone(
  files: Iterable<FileToWrite> | AsyncIterable<FileToWrite>,
  signal: AbortSignal | undefined,
): Promise<string[]> {
  const begun: string[] = [];
  try {
    for await (const { path, bytes } of files) {
      signal?.throwIfAborted();
      begun.push(path);
      await writeFile(path, bytes);
    }
    signal?.throwIfAborted();
    return begun;
  } catch (error) {
    await Promise.all(begun.map((path) => rm(path, { force: true })));
    throw error;
  }
}
