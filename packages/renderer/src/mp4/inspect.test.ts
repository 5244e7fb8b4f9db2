import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { tinyMp4 } from '../../test/tiny-mp4.ts';
import { Mp4Error } from './boxes.ts';
import { inspectMp4 } from './inspect.ts';
import { inspectMp4File } from './inspect-file.ts';
import { writeMetadata } from './metadata.ts';

describe('inspectMp4', () => {
  test('tells size, time, codec, colour, tags and where moov is', () => {
    const file = writeMetadata(tinyMp4({ moovFirst: true }), { AIGC: '合成' });
    const facts = inspectMp4(file);
    expect(facts.durationMs).toBeCloseTo(2000 / 30);
    expect(facts).toMatchObject({
      width: 64,
      height: 48,
      frames: 2,
      codec: 'avc1.42c01f',
      faststart: true,
      tags: { AIGC: '合成' },
      colour: { primaries: 1, transfer: 1, matrix: 1, fullRange: false },
    });
    expect(facts.fps).toBeCloseTo(30);
    expect(inspectMp4(tinyMp4({ moovFirst: false, wideTimes: true }))).toMatchObject({ faststart: false, frames: 2 });
  });

  test('a file that is cut off anywhere is an error in words', () => {
    const file = writeMetadata(tinyMp4({ moovFirst: true }), { AIGC: 'x' });
    for (let length = 0; length < file.length; length++) {
      expect(() => inspectMp4(file.subarray(0, length)), `${length} bytes`).toThrow(Mp4Error);
    }
  });

  test('whatever is damaged, it answers or throws an Mp4Error, and quickly', () => {
    const file = writeMetadata(tinyMp4({ moovFirst: true }), { AIGC: '合成', comment: 'x' });
    const damage = fc.array(fc.tuple(fc.nat(file.length - 1), fc.integer({ min: 0, max: 255 })), { maxLength: 8 });
    fc.assert(
      fc.property(damage, (changes) => {
        const damaged = file.slice();
        for (const [at, value] of changes) damaged[at] = value;
        try {
          inspectMp4(damaged);
        } catch (error) {
          if (!(error instanceof Mp4Error)) throw error;
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('inspectMp4File', () => {
  test('tells of a file on disk what inspectMp4 tells of its bytes, and finds it cut off anywhere', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'inbetween-mp4-'));
    const path = join(folder, 'video.mp4');
    for (const plan of [{ moovFirst: true }, { moovFirst: false, wideTimes: true }]) {
      const file = writeMetadata(tinyMp4(plan), { AIGC: '合成' });
      await writeFile(path, file);
      expect(await inspectMp4File(path)).toEqual(inspectMp4(file));
      for (let length = 0; length < file.length; length += 7) {
        await writeFile(path, file.subarray(0, length));
        await expect(inspectMp4File(path), `${length} bytes`).rejects.toThrow(Mp4Error);
      }
    }
    await rm(folder, { recursive: true });
  });
});
