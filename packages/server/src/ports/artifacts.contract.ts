import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ArtifactStore, OpenedArtifact } from './artifacts.ts';

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

async function read(opened: OpenedArtifact | undefined): Promise<Buffer> {
  if (opened === undefined) throw new Error('there is no such artifact');
  const chunks: Uint8Array[] = [];
  for await (const chunk of opened.stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function keys(store: ArtifactStore, prefix: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of store.list(prefix)) found.push(key);
  return found.sort();
}

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function* broken(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('half');
  throw new Error('the source broke off');
}

async function* silent(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('half');
  await new Promise(() => {});
}

/** What every artifact store promises. `open` gives a fresh, empty store. */
export function artifactsContract(name: string, openStore: () => Promise<ArtifactStore>): void {
  describe(`artifact store: ${name}`, () => {
    let store: ArtifactStore;
    let folder: string;

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'inbetween-artifacts-'));
      store = await openStore();
    });

    afterAll(async () => {
      await rm(folder, { recursive: true, force: true });
    });

    it('stores and measures bytes, files and streams alike', async () => {
      const bytes = randomBytes(700_001);
      const path = join(folder, 'source');
      await writeFile(path, bytes);
      for (const source of [{ bytes }, { path }, { stream: pieces(bytes, 65_537) }]) {
        const artifact = await store.put('videos/a/1/video.mp4', source, 'video/mp4');
        expect(artifact).toEqual({
          key: 'videos/a/1/video.mp4',
          bytes: bytes.length,
          sha256: sha256(bytes),
          type: 'video/mp4',
        });
        const opened = await store.open('videos/a/1/video.mp4');
        expect(opened?.bytes).toBe(bytes.length);
        expect(sha256(await read(opened))).toBe(artifact.sha256);
      }
    });

    it('keeps its own copy of bytes', async () => {
      const bytes = Buffer.from('before');
      await store.put('own/copy', { bytes }, 'text/plain');
      bytes.write('afterw');
      expect(String(await read(await store.open('own/copy')))).toBe('before');
    });

    it('stores an empty file', async () => {
      expect((await store.put('empty', { bytes: new Uint8Array() }, 'text/plain')).bytes).toBe(0);
      expect(await read(await store.open('empty'))).toHaveLength(0);
    });

    it('reads ranges, both ends included', async () => {
      await store.put('range', { bytes: Buffer.from('0123456789') }, 'text/plain');
      for (const [start, end, text] of [
        [0, 0, '0'],
        [3, 5, '345'],
        [9, 9, '9'],
        [0, 9, '0123456789'],
      ] as const) {
        const opened = await store.open('range', { start, end });
        expect(opened?.bytes).toBe(10);
        expect(String(await read(opened))).toBe(text);
      }
      await expect(store.open('range', { start: 3, end: 10 })).rejects.toThrow(RangeError);
      await expect(store.open('range', { start: 5, end: 4 })).rejects.toThrow(RangeError);
    });

    it('knows nothing of keys that were never put', async () => {
      expect(await store.open('no/such/key')).toBeUndefined();
      await store.put('a-file', { bytes: Buffer.from('x') }, 'text/plain');
      expect(await store.open('a-file/below')).toBeUndefined();
    });

    it.each([
      '',
      '/',
      '/a',
      'a/',
      'a//b',
      '.',
      '..',
      '../a',
      'a/../b',
      'a/..',
      '.hidden',
      'a/.hidden',
      'a\\b',
      'a b',
      'ä',
      'a\0b',
      'a%2fb',
      `${'x'.repeat(201)}`,
      'C:',
    ])('refuses the key %j everywhere', async (key) => {
      await expect(store.put(key, { bytes: Buffer.from('x') }, 'text/plain')).rejects.toThrow(RangeError);
      await expect(store.open(key)).rejects.toThrow(RangeError);
      await expect(store.remove(key)).rejects.toThrow(RangeError);
      await expect(store.removeAll(`${key}/`)).rejects.toThrow(RangeError);
    });

    it('leaves nothing behind when the source breaks off', async () => {
      await expect(store.put('broken', { stream: broken() }, 'text/plain')).rejects.toThrow('the source broke off');
      expect(await store.open('broken')).toBeUndefined();
      await store.put('broken', { bytes: Buffer.from('whole') }, 'text/plain');
      await expect(store.put('broken', { stream: broken() }, 'text/plain')).rejects.toThrow('the source broke off');
      expect(String(await read(await store.open('broken')))).toBe('whole');
    });

    it('stops a put when it is aborted, even while the source is silent', async () => {
      const abort = new AbortController();
      const put = store.put('aborted', { stream: silent() }, 'text/plain', abort.signal);
      abort.abort(new Error('no longer wanted'));
      await expect(put).rejects.toThrow('no longer wanted');
      expect(await store.open('aborted')).toBeUndefined();
      await expect(store.put('aborted', { bytes: Buffer.from('x') }, 'text/plain', abort.signal)).rejects.toThrow();
    });

    it('ends a reader that is aborted', async () => {
      await store.put('long', { bytes: randomBytes(3_000_000) }, 'application/octet-stream');
      const abort = new AbortController();
      const opened = await store.open('long', undefined, abort.signal);
      abort.abort();
      await expect(read(opened)).rejects.toThrow();
    });

    it('replaces a file as a whole: readers see the old one or the new one', async () => {
      const versions = Array.from({ length: 8 }, (_, index) => Buffer.alloc(300_000, index + 1));
      const known = new Set(versions.map(sha256));
      await store.put('swap/file', { bytes: versions[0]! }, 'text/plain');
      const writing = Promise.all(versions.map((bytes) => store.put('swap/file', { bytes }, 'text/plain')));
      const readers = Array.from({ length: 24 }, async () => sha256(await read(await store.open('swap/file'))));
      for (const seen of await Promise.all(readers)) expect(known).toContain(seen);
      await writing;
    });

    it('gives an opened reader the file as it was opened, also when it is removed meanwhile', async () => {
      const bytes = randomBytes(1_000_000);
      await store.put('held', { bytes }, 'text/plain');
      const opened = await store.open('held');
      await store.remove('held');
      expect(sha256(await read(opened))).toBe(sha256(bytes));
      expect(await store.open('held')).toBeUndefined();
    });

    it('removes one file, again and again', async () => {
      await store.put('gone/a', { bytes: Buffer.from('a') }, 'text/plain');
      await store.put('gone/b', { bytes: Buffer.from('b') }, 'text/plain');
      await store.remove('gone/a');
      await store.remove('gone/a');
      await store.remove('gone/never/was');
      expect(await keys(store, 'gone/')).toEqual(['gone/b']);
    });

    it('removes everything below a prefix and nothing beside it', async () => {
      for (const key of ['all/1/x', 'all/1/y/z', 'all/10/x', 'all/2']) {
        await store.put(key, { bytes: Buffer.from(key) }, 'text/plain');
      }
      await store.removeAll('all/1/');
      await store.removeAll('all/1/');
      expect(await keys(store, 'all/')).toEqual(['all/10/x', 'all/2']);
      await expect(store.removeAll('all')).rejects.toThrow(RangeError);
      await expect(store.removeAll('')).rejects.toThrow(RangeError);
    });

    it('lists keys that start with a prefix, with the time of their last write', async () => {
      const before = Date.now();
      for (const key of ['list/ab/1', 'list/ab/2', 'list/abc', 'list/b']) {
        await store.put(key, { bytes: Buffer.from(key) }, 'text/plain');
      }
      expect(await keys(store, 'list/ab')).toEqual(['list/ab/1', 'list/ab/2', 'list/abc']);
      expect(await keys(store, 'list/ab/')).toEqual(['list/ab/1', 'list/ab/2']);
      expect(await keys(store, 'list/none/')).toEqual([]);
      expect(await keys(store, '')).toEqual(expect.arrayContaining(['list/abc', 'list/b']));
      await expect(keys(store, '../')).rejects.toThrow(RangeError);
      for await (const { writtenAt } of store.list('list/')) {
        // A file system may keep time less finely than the clock.
        expect(Math.abs(writtenAt - before)).toBeLessThan(60_000);
      }
    });

    it('bears puts and removals in one folder at once', async () => {
      const work = Array.from({ length: 40 }, async (_, index) => {
        const key = `busy/folder/${index}`;
        await store.put(key, { bytes: Buffer.from(key) }, 'text/plain');
        await store.remove(key);
        await store.put(key, { bytes: Buffer.from(key) }, 'text/plain');
        await store.remove(key);
      });
      await Promise.all(work);
      expect(await keys(store, 'busy/')).toEqual([]);
    });

    it('tells what room is left, or that it does not know', async () => {
      const free = await store.freeBytes();
      if (free !== undefined) expect(free).toBeGreaterThan(0);
    });
  });
}
