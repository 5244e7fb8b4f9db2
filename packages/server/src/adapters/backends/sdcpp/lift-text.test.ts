import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openDecoded } from './decoded-file.ts';
import { liftText } from './lift-text.ts';

async function* inPieces(text: string, cuts: readonly number[]): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  let from = 0;
  for (const to of [...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length]) {
    yield bytes.subarray(from, to);
    from = to;
  }
}

async function lift(text: string, cuts: readonly number[] = []) {
  const lifted: string[] = [];
  const kept: Uint8Array[] = [];
  for await (const piece of liftText(inPieces(text, cuts), 'b64_json', async (part) => void lifted.push(part)))
    kept.push(Buffer.from(piece));
  return { lifted: lifted.join(''), kept: Buffer.concat(kept).toString() };
}

describe('lifting a text out of JSON', () => {
  it('leaves the document whole and the text out of it, however it is cut', async () => {
    const members = fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.integer(), fc.constant(null)), { maxKeys: 4 });
    await fc.assert(
      fc.asyncProperty(
        members,
        fc.uint8Array({ maxLength: 400 }),
        fc.array(fc.nat(2_000), { maxLength: 12 }),
        fc.constantFrom(undefined, 2),
        async (more, bytes, cuts, spaces) => {
          const base64 = Buffer.from(bytes).toString('base64');
          const document = (text: string) =>
            JSON.stringify(
              { id: 'job_1', more, result: { b64_json: text, frame_count: 81 }, status: 'é' },
              null,
              spaces,
            );
          const { lifted, kept } = await lift(document(base64), cuts);
          expect(lifted).toBe(base64);
          expect(kept).toBe(document(''));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('passes on what has no such text, and takes only the first', async () => {
    expect(await lift('{"status":"queued"}', [3])).toEqual({ lifted: '', kept: '{"status":"queued"}' });
    expect(await lift('{"b64_json":"a\\/b","x":{"b64_json":"c"}}', [15])).toEqual({
      lifted: 'a/b',
      kept: '{"b64_json":"","x":{"b64_json":"c"}}',
    });
    expect(await lift('not JSON', [2])).toEqual({ lifted: '', kept: 'not JSON' });
  });

  it('keeps no endless document', async () => {
    await expect(lift(`{"x":"${'y'.repeat(2 << 20)}"}`, [100])).rejects.toThrow('far too long');
  });
});

it('decodes in pieces of any length, and is in its place only when it is whole', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'inbetween-decoded-'));
  const path = join(folder, 'result');
  const bytes = Buffer.from(Array.from({ length: 1_000 }, (_, at) => (at * 7) & 255));
  const base64 = bytes.toString('base64');
  const file = await openDecoded(path, 1_000);
  for (let at = 0; at < base64.length; at += 7) await file.add(base64.slice(at, at + 7));
  expect(await readdir(folder)).toEqual(['result.part']);
  await file.finish();
  await file.close();
  expect(bytes.equals(await readFile(path))).toBe(true);
  const small = await openDecoded(path, 999);
  await expect(small.add(base64)).rejects.toMatchObject({ code: 'damaged_output' });
  await small.close();
  await rm(folder, { recursive: true });
});
