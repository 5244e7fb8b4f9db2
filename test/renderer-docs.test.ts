import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { inspectMp4 } from '@inbetween/renderer';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { paint } from './support/paintings.ts';

/** The examples of docs/renderer.md do what the page says. */

const ROOT = resolve(import.meta.dirname, '..');
const run = promisify(execFile);
let folder: string;
let page: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'renderer-docs-'));
  page = await readFile(join(ROOT, 'docs/renderer.md'), 'utf8');
  await paint(160, 96).png().toFile(join(folder, 'A.png'));
  await paint(160, 96, { pan: 0.05 }).png().toFile(join(folder, 'B.png'));
  // As inside the clone: names of packages are found.
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The text of the page's blocks of this language. */
function blocksOf(language: string): string[] {
  return [...page.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(
    ([, text]) => text ?? '',
  );
}

it('runs the code', { timeout: 120_000 }, async () => {
  const [code, ...more] = blocksOf('ts');
  expect(more).toEqual([]);
  await writeFile(join(folder, 'example.ts'), code ?? '');
  const { stdout } = await run(process.execPath, ['example.ts'], { cwd: folder });
  expect(stdout).toMatch(/^\d+ %\n/);
  expect(stdout).toContain("timing: 'slow'");
  expect(stdout.trimEnd()).toMatch(/100 %[\s\S]*\n5$/);
  const clip = inspectMp4(new Uint8Array(await readFile(join(folder, 'clip.mp4'))));
  expect(clip).toMatchObject({ width: 160, height: 96, frames: 30, fps: 30, faststart: true });
  expect(await readdir(join(folder, 'frames'))).toHaveLength(5);
});

it('runs the command lines', { timeout: 120_000 }, async () => {
  const [lines] = blocksOf('sh');
  const bin = join(ROOT, 'packages/server/bin/inbetween.js');
  for (const line of (lines ?? '').trim().split('\n')) {
    const [name, ...args] = line.split(' ');
    expect(name).toBe('inbetween');
    // Fewer frames than a real video has: what counts is that the words are right.
    const short = args.includes('--frames') ? args : [...args, '--frames', '5'];
    await run(process.execPath, [bin, ...short], { cwd: folder });
  }
  expect(inspectMp4(new Uint8Array(await readFile(join(folder, 'out.mp4'))))).toMatchObject({ frames: 5 });
  const names = Array.from({ length: 9 }, (_, index) => `frame_000${index + 1}.png`);
  expect((await readdir(join(folder, 'frames'))).toSorted()).toEqual(names);
});
