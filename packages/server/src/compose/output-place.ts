import { rmdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { makeFolder } from '../adapters/system/make-folder.ts';

/** Makes sure that a file can get its name: better told before minutes of work than after. @throws the system's error */
export async function prepareFile(file: string): Promise<Place> {
  const path = resolve(file);
  if ((await stat(path).catch(() => undefined))?.isDirectory() === true) {
    throw Object.assign(new Error(`EISDIR: ${path} is a folder`), { code: 'EISDIR', path });
  }
  return prepareFolder(dirname(path));
}

/** The same for files in a folder. */
export async function prepareFolder(folder: string): Promise<Place> {
  const path = resolve(folder);
  const topmost = await makeFolder(path);
  return {
    async leave() {
      if (topmost === undefined) return;
      // What somebody put something into meanwhile stays.
      for (let made = path; made.startsWith(topmost); made = dirname(made)) await rmdir(made).catch(() => undefined);
    },
  };
}

/** A place that files will be written to. */
export interface Place {
  /** Takes back what was made for it, when nothing came of it. */
  leave(): Promise<void>;
}
