import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DataFolderError, openDataFolder } from './data-folder.ts';

let root: string;
let path: string;
const children: ChildProcessByStdio<Writable, Readable, null>[] = [];

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'inbetween-data-'));
  path = join(root, 'deep', 'data');
});
afterEach(async () => {
  await Promise.all(children.splice(0).map((child) => end(child, 'SIGKILL')));
  await rm(root, { recursive: true, force: true });
});

/** Another process that tries to open the folder; resolves with what it says. */
async function other(): Promise<{ child: ChildProcessByStdio<Writable, Readable, null>; said: string }> {
  const script = join(import.meta.dirname, 'data-folder.fixture.ts');
  const child = spawn(process.execPath, [script, path], { stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  const [said] = await once(child.stdout, 'data');
  return { child, said: String(said).trim() };
}

async function end(child: ChildProcessByStdio<Writable, Readable, null>, signal?: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  if (signal === undefined) child.stdin.end();
  else child.kill(signal);
  await exit;
}

const mode = async (file: string) => ((await stat(file)).mode & 0o777).toString(8);

test('is made for this user only', async () => {
  const folder = await openDataFolder(path);
  expect(folder).toMatchObject({ path, tmp: join(path, 'tmp') });
  expect(await mode(path)).toBe('700');
  expect(await mode(folder.tmp)).toBe('700');
  await folder.close();
});

test('keeps the rights it had when it was there', async () => {
  await mkdir(path, { recursive: true });
  await chmod(path, 0o750);
  const folder = await openDataFolder(path);
  expect(await mode(path)).toBe('750');
  await folder.close();
});

test('empties tmp, and nothing else, and follows no link out of it', async () => {
  await mkdir(join(path, 'tmp', 'attempt'), { recursive: true });
  await writeFile(join(path, 'tmp', 'attempt', 'half.mp4'), 'x');
  await writeFile(join(path, 'kept'), 'x');
  await mkdir(join(root, 'outside'));
  await writeFile(join(root, 'outside', 'precious'), 'x');
  await symlink(join(root, 'outside'), join(path, 'tmp', 'link'));
  const folder = await openDataFolder(path);
  expect(await readdir(folder.tmp)).toEqual([]);
  expect(await readFile(join(path, 'kept'), 'utf8')).toBe('x');
  expect(await readFile(join(root, 'outside', 'precious'), 'utf8')).toBe('x');
  await folder.close();
});

describe('belongs to one', () => {
  test('within a process', async () => {
    const folder = await openDataFolder(path);
    await expect(openDataFolder(path)).rejects.toThrow(DataFolderError);
    await folder.close();
    await folder.close();
    await (await openDataFolder(path)).close();
  });

  test('among processes: the second is told the folder, the process and the remedy', async () => {
    const folder = await openDataFolder(path);
    await writeFile(join(folder.tmp, 'ours'), 'x');
    expect((await other()).said).toBe(
      `The data folder ${path} is in use by another server (process ${process.pid}). Stop that one, or give this one a folder of its own with INBETWEEN_DATA_DIR.`,
    );
    expect(await readdir(folder.tmp)).toEqual(['ours']);
    await folder.close();
    expect((await other()).said).toBe('opened');
  });

  test('until it is killed, however hard', async () => {
    const { child, said } = await other();
    expect(said).toBe('opened');
    await expect(openDataFolder(path)).rejects.toThrow(`(process ${child.pid})`);
    await end(child, 'SIGKILL');
    await (await openDataFolder(path)).close();
  });

  test('while it is stopped, too', async () => {
    const { child } = await other();
    child.kill('SIGSTOP');
    await expect(openDataFolder(path)).rejects.toThrow('in use by another server');
    await end(child, 'SIGKILL');
  });

  test('even when the note of who has it is gone or damaged', async () => {
    const folder = await openDataFolder(path);
    await writeFile(join(path, 'lock.pid'), 'nonsense');
    expect((await other()).said).toContain('in use by another server. Stop');
    await folder.close();
  });
});

describe('says what is wrong when it cannot be used', () => {
  test('a file stands there', async () => {
    await writeFile(join(root, 'file'), 'x');
    await expect(openDataFolder(join(root, 'file'))).rejects.toThrow(/The data folder .*file cannot be used: /);
    await expect(openDataFolder(join(root, 'file', 'below'))).rejects.toThrow(DataFolderError);
  });

  test('its lock is not ours to lock', async () => {
    await mkdir(path, { recursive: true });
    await writeFile(join(path, 'lock'), 'this is not a database, and long enough for SQLite to see it'.repeat(20));
    await expect(openDataFolder(path)).rejects.toThrow(/cannot be used: /);
  });
});
