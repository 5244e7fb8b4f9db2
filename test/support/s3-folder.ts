import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';

interface Facts {
  readonly bytes: number;
  readonly etag: string;
  readonly writtenAt: Date;
}

/** Objects and uploads as files, written beside and renamed, so that a killed server has whole objects only. */
export interface S3Folder {
  put(key: string, body: Uint8Array): Promise<string>;
  facts(key: string): Promise<Facts | undefined>;
  open(
    key: string,
  ): Promise<(Facts & { read(start: number, end: number): Readable; close(): Promise<void> }) | undefined>;
  remove(key: string): Promise<void>;
  /** In order of their bytes. */
  keys(prefix: string): Promise<readonly string[]>;
  begin(key: string): Promise<string>;
  putPart(upload: string, number: number, body: Uint8Array): Promise<string | undefined>;
  complete(upload: string, numbers: readonly number[]): Promise<string | undefined>;
  abort(upload: string): Promise<void>;
  uploads(): Promise<readonly { readonly id: string; readonly key: string; readonly begun: Date }[]>;
}

export async function createS3Folder(folder: string): Promise<S3Folder> {
  const [objects, uploads, incoming] = ['objects', 'uploads', 'incoming'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  await rm(incoming, { recursive: true, force: true });
  for (const path of [objects, uploads, incoming]) await mkdir(path, { recursive: true });
  const fileOf = (key: string) => join(objects, encodeURIComponent(key));
  const partOf = (upload: string, number: number) => join(uploads, upload, String(number).padStart(5, '0'));

  async function place(path: string, bodies: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
    const temporary = join(incoming, randomUUID());
    const handle = await open(temporary, 'wx');
    try {
      for await (const body of bodies) await handle.writeFile(body);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  }

  const factsOf = (seen: { size: number; mtimeMs: number; ino: number; mtime: Date }): Facts => ({
    bytes: seen.size,
    writtenAt: seen.mtime,
    // Like an S3 ETag it changes with the object, and stays over a restart.
    etag: `"${createHash('md5').update(`${seen.size} ${seen.mtimeMs} ${seen.ino}`).digest('hex')}"`,
  });
  const ifThere = async <T>(work: Promise<T>): Promise<T | undefined> => {
    try {
      return await work;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  };

  async function facts(key: string): Promise<Facts | undefined> {
    const seen = await ifThere(stat(fileOf(key)));
    return seen === undefined ? undefined : factsOf(seen);
  }

  return {
    facts,
    async put(key, body) {
      await place(fileOf(key), [body]);
      return (await facts(key))?.etag ?? '"gone"';
    },
    async open(key) {
      const handle = await ifThere(open(fileOf(key), 'r'));
      if (handle === undefined) return undefined;
      return {
        ...factsOf(await handle.stat()),
        read: (start, end) => handle.createReadStream({ start, end, autoClose: false }),
        close: () => handle.close(),
      };
    },
    remove: (key) => rm(fileOf(key), { force: true }),
    async keys(prefix) {
      const names = (await readdir(objects)).map(decodeURIComponent);
      return names.filter((name) => name.startsWith(prefix)).toSorted((a, b) => (a < b ? -1 : 1));
    },
    async begin(key) {
      const id = randomUUID();
      await mkdir(join(uploads, id));
      await writeFile(join(uploads, id, 'key'), key);
      return id;
    },
    async putPart(upload, number, body) {
      if ((await ifThere(place(partOf(upload, number), [body]).then(() => true))) === undefined) return undefined;
      return `"${createHash('md5').update(body).digest('hex')}"`;
    },
    async complete(upload, numbers) {
      const key = await ifThere(readFile(join(uploads, upload, 'key'), 'utf8'));
      if (key === undefined) return undefined;
      async function* parts() {
        for (const number of numbers) yield await readFile(partOf(upload, number));
      }
      await place(fileOf(key), parts());
      await rm(join(uploads, upload), { recursive: true });
      return (await facts(key))?.etag;
    },
    abort: (upload) => rm(join(uploads, upload), { recursive: true, force: true }),
    async uploads() {
      const found = [];
      for (const id of await readdir(uploads)) {
        const key = await ifThere(readFile(join(uploads, id, 'key'), 'utf8'));
        if (key !== undefined) found.push({ id, key, begun: (await stat(join(uploads, id))).birthtime });
      }
      return found;
    },
  };
}
