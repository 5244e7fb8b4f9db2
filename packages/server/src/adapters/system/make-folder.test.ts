import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeFolder } from './make-folder.ts';

describe('makeFolder', () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'make-folder-'));
  });
  afterEach(async () => {
    await chmod(root, 0o700);
    await rm(root, { recursive: true });
  });

  it('makes a folder and those above it, and names the topmost new one', async () => {
    expect(await makeFolder(join(root, 'a', 'b', 'c'), 0o700)).toBe(join(root, 'a'));
    expect((await stat(join(root, 'a', 'b', 'c'))).mode & 0o777).toBe(0o700);
    expect(await makeFolder(join(root, 'a', 'd'))).toBe(join(root, 'a', 'd'));
  });

  it('is content with a folder that is there', async () => {
    expect(await makeFolder(root)).toBeUndefined();
    expect(await makeFolder('/')).toBeUndefined();
  });

  it('makes one folder once when asked twice at the same time', async () => {
    const made = await Promise.all([1, 2, 3, 4].map(() => makeFolder(join(root, 'a', 'b'))));
    expect(made.filter((path) => path !== undefined).length).toBeGreaterThanOrEqual(1);
    expect(existsSync(join(root, 'a', 'b'))).toBe(true);
  });

  it('refuses a place where a file is in the way', async () => {
    await writeFile(join(root, 'file'), '');
    await expect(makeFolder(join(root, 'file'))).rejects.toMatchObject({ code: 'EEXIST' });
    await expect(makeFolder(join(root, 'file', 'a'))).rejects.toMatchObject({ code: 'ENOTDIR' });
  });

  // Node's own recursive mkdir tries the two in turns for ever: /proc is there, and nothing can be made in it.
  it.runIf(existsSync('/proc/self'))('ends where the kernel lets nobody make a folder', async () => {
    await expect(makeFolder('/proc/inbetween')).rejects.toMatchObject({ code: 'ENOENT', path: '/proc/inbetween' });
    await expect(makeFolder('/proc/inbetween/a/b')).rejects.toMatchObject({ code: 'ENOENT', path: '/proc/inbetween' });
  });
});
