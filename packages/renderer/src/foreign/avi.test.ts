import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { aviOf } from '../../../../test/support/fakes/avi.ts';
import { AviError, isAvi, readMotionJpeg } from './avi.ts';

const JPEGS = ['one', 'three', 'four'].map((text) => new TextEncoder().encode(`jpeg ${text}`));
const FILE = aviOf(JPEGS, { width: 64, height: 48, fps: 16 });

describe('Motion JPEG in AVI', () => {
  test('frames and rate are found', () => {
    expect(isAvi(FILE)).toBe(true);
    const { fps, jpegs } = readMotionJpeg(FILE);
    expect(fps).toBe(16);
    expect(jpegs.map((jpeg) => new TextDecoder().decode(jpeg))).toEqual(['jpeg one', 'jpeg three', 'jpeg four']);
  });

  test('a file that was cut off anywhere is damaged', () => {
    for (let length = 0; length < FILE.length; length += 7) {
      expect(() => readMotionJpeg(FILE.subarray(0, length)), String(length)).toThrow(AviError);
    }
  });

  test('another codec, and a file without frames, are said to be so', () => {
    const other = Buffer.from(FILE);
    other.write('H264', FILE.indexOf('vidsMJPG') + 4, 'latin1');
    expect(() => readMotionJpeg(other)).toThrow('the AVI holds "H264", not Motion JPEG');
    expect(() => readMotionJpeg(aviOf([new Uint8Array()], { width: 64, height: 48, fps: 16 }))).toThrow('no frames');
  });

  test('damage of any kind gives an AviError or frames, and nothing else', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(FILE.length - 1), fc.nat(255)), { maxLength: 6 }), (changes) => {
        const broken = Buffer.from(FILE);
        for (const [at, value] of changes) broken[at] = value;
        try {
          readMotionJpeg(broken);
        } catch (error) {
          expect(error).toBeInstanceOf(AviError);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test('a file of ffmpeg’s own writer is read like ours', async () => {
    const run = promisify(execFile);
    const hasFfmpeg = await run('ffmpeg', ['-version']).then(
      () => true,
      () => false,
    );
    if (!hasFfmpeg) {
      if (process.env['CI'] === 'true') throw new Error('ffmpeg is needed in CI: install "ffmpeg"');
      console.log('left out: there is no ffmpeg to write an AVI');
      return;
    }
    const folder = await mkdtemp(join(tmpdir(), 'inbetween-avi-'));
    try {
      const path = join(folder, 'a.avi');
      const source = ['-f', 'lavfi', '-i', 'testsrc=size=64x48:rate=16:duration=1', '-c:v', 'mjpeg', path];
      await run('ffmpeg', ['-v', 'error', ...source]);
      const { fps, jpegs } = readMotionJpeg(await readFile(path));
      expect([fps, jpegs.length]).toEqual([16, 16]);
      for (const jpeg of jpegs) expect([jpeg[0], jpeg[1]]).toEqual([0xff, 0xd8]);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
