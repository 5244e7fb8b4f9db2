import { mkdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { errorCode } from './storage-full.ts';

/**
 * Makes a folder and those above it, wherever somebody may have pointed us to. Node's recursive `mkdir` never returns
 * where the parent is there and the kernel still answers ENOENT, as under `/proc`.
 *
 * @returns the topmost folder that was made; undefined when all were there
 * @throws the system's error, with the path that could not be made
 */
export async function makeFolder(folder: string, mode: number = 0o777): Promise<string | undefined> {
  const path = resolve(folder);
  try {
    if ((await stat(path)).isDirectory()) return undefined;
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
    const above = path === dirname(path) ? undefined : await makeFolder(dirname(path), mode);
    return (await makeOne(path, mode)) ? (above ?? path) : above;
  }
  throw Object.assign(new Error(`EEXIST: there is a file in the place of the folder ${path}`), {
    code: 'EEXIST',
    path,
  });
}

/** False: somebody else was quicker. */
async function makeOne(path: string, mode: number): Promise<boolean> {
  try {
    await mkdir(path, { mode });
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST' && (await stat(path)).isDirectory()) return false;
    throw error;
  }
}
