import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, rm, stat, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { BIN } from './support/server-process.ts';

const COMPILED = `inbetween-compiled-${process.getuid?.() ?? 'ours'}`;

let temporary: string;

beforeEach(async () => {
  temporary = await mkdtemp(join(tmpdir(), 'inbetween-start-'));
});

afterEach(() => rm(temporary, { recursive: true }));

async function version(): Promise<string> {
  const env = { PATH: process.env['PATH'] ?? '', TMPDIR: temporary, TEMP: temporary };
  return (await promisify(execFile)(process.execPath, [BIN, '--version'], { env })).stdout;
}

it('keeps compiled code in a folder that only its user may write', async () => {
  expect(await version()).toMatch(/^\d+\.\d+\.\d+\n$/);
  const { mode } = await stat(join(temporary, COMPILED));
  expect(mode & 0o777).toBe(0o700);
  expect(await readdir(join(temporary, COMPILED))).not.toEqual([]);
});

it('leaves compiled code alone that others may have written', async () => {
  const folder = join(temporary, COMPILED);
  await mkdir(folder);
  await chmod(folder, 0o777);
  expect(await version()).toMatch(/^\d/);
  expect(await readdir(folder)).toEqual([]);
});

it('follows no link to where compiled code could be', async () => {
  const elsewhere = join(temporary, 'elsewhere');
  await mkdir(elsewhere, { mode: 0o700 });
  await symlink(elsewhere, join(temporary, COMPILED));
  expect(await version()).toMatch(/^\d/);
  expect(await readdir(elsewhere)).toEqual([]);
});
