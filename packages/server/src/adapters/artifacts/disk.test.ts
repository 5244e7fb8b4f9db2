import { mkdir, mkdtemp, readdir, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { Fault } from '../../domain/fault.ts';
import { artifactsContract } from '../../ports/artifacts.contract.ts';
import { asStorageFailure } from '../system/storage-full.ts';
import { openDiskArtifacts } from './disk.ts';

const folders: string[] = [];

async function freshFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'inbetween-disk-'));
  folders.push(folder);
  return folder;
}

afterAll(async () => {
  await Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true })));
});

artifactsContract('disk', async () => openDiskArtifacts(join(await freshFolder(), 'not', 'yet', 'there')));

/** How many of this process's file descriptors point below a folder. */
async function openFilesBelow(folder: string): Promise<number> {
  const links = (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => ''));
  return (await Promise.all(links)).filter((target) => target.startsWith(folder)).length;
}

describe('disk artifacts', () => {
  it('removes what a crashed process was writing, and nothing else', async () => {
    const folder = await freshFolder();
    const store = await openDiskArtifacts(folder);
    await store.put('videos/a/video.mp4', { bytes: Buffer.from('kept') }, 'video/mp4');
    await mkdir(join(folder, '.incoming'), { recursive: true });
    await writeFile(join(folder, '.incoming', 'half'), 'half');
    const again = await openDiskArtifacts(folder);
    expect(await readdir(join(folder, '.incoming'))).toEqual([]);
    const kept = await again.open('videos/a/video.mp4');
    expect(kept?.bytes).toBe(4);
    for await (const chunk of kept?.stream ?? []) expect(String(chunk)).toBe('kept');
  });

  it('leaves no temporary file after failed puts and no empty folder after removals', async () => {
    const folder = await freshFolder();
    const store = await openDiskArtifacts(folder);
    await expect(store.put('a/b', { path: join(folder, 'none') }, 'text/plain')).rejects.toThrow('ENOENT');
    await store.put('a/b/c', { bytes: Buffer.from('x') }, 'text/plain');
    await store.remove('a/b/c');
    await store.put('d/e/f', { bytes: Buffer.from('x') }, 'text/plain');
    await store.removeAll('d/e/');
    expect(await readdir(folder)).toEqual(['.incoming']);
    expect(await readdir(join(folder, '.incoming'))).toEqual([]);
  });

  it('closes the file of every reader: read, half read, aborted, never read', async () => {
    const folder = await freshFolder();
    const store = await openDiskArtifacts(folder);
    await store.put('file', { bytes: Buffer.alloc(2_000_000) }, 'text/plain');
    const abort = new AbortController();
    for (let index = 0; index < 10; index++) {
      const opened = [
        await store.open('file'),
        await store.open('file'),
        await store.open('file', undefined, abort.signal),
      ];
      for await (const _ of opened[0]!.stream);
      for await (const _ of opened[1]!.stream) break;
    }
    await store.open('file', undefined, abort.signal);
    await expect(store.open('file', { start: 0, end: 9_000_000 })).rejects.toThrow(RangeError);
    expect(await openFilesBelow(folder)).toBeGreaterThan(0);
    abort.abort();
    await vi.waitUntil(async () => (await openFilesBelow(folder)) === 0);
  });

  it('says that the disk is full, and nothing else so', () => {
    for (const code of ['ENOSPC', 'EDQUOT', 'EFBIG']) {
      const cause = Object.assign(new Error(code), { code });
      const fault = asStorageFailure(cause);
      expect(fault).toBeInstanceOf(Fault);
      expect(fault).toMatchObject({ code: 'storage_full', cause });
    }
    const other = Object.assign(new Error('EIO'), { code: 'EIO' });
    expect(asStorageFailure(other)).toBe(other);
  });

  it('knows the room that is left', async () => {
    const store = await openDiskArtifacts(await freshFolder());
    expect(await store.freeBytes()).toBeGreaterThan(1_000_000);
  });
});
