/**
 * Contact sheets of rendered frames, to be looked at: a row is a pair, the columns are its frames at even steps of time.
 *
 *   npx --no-install node bench/sheets.ts [--pairs folder] [--out folder] [--cell 320] [--steps 8] [--only graf,leuven]
 *                                         [--fast] [--prompt "pan left"] [--rows 6]
 *
 * Takes every pair of the test pictures: matched, unrelated, camera moves, and one gap of eight frames from each clip.
 * `--first a.png --last b.png` takes that pair instead. Writes `sheet-1.png` and on; `--cell 0` keeps the pictures' size.
 */
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import type { RgbPicture } from '../packages/renderer/src/index.ts';
import { readPrompt } from '../packages/renderer/src/prompt/read.ts';
import { gapsOf, openClips, readFrames } from './interp/clips.ts';
import { openOurs } from './interp/ours.ts';
import { type Pair, readEven, readMatchedPairs, readUnrelatedPairs } from './interp/pictures.ts';

const { values } = parseArgs({
  options: {
    pairs: { type: 'string', default: fileURLToPath(new URL('../../shared/pairs', import.meta.url)) },
    work: { type: 'string', default: join(tmpdir(), 'inbetween-interp') },
    out: { type: 'string', default: join(tmpdir(), 'inbetween-sheets') },
    cell: { type: 'string', default: '320' },
    steps: { type: 'string', default: '8' },
    rows: { type: 'string', default: '6' },
    only: { type: 'string' },
    prompt: { type: 'string', default: '' },
    fast: { type: 'boolean', default: false },
    first: { type: 'string' },
    last: { type: 'string' },
  },
});
const steps = Number(values.steps);
const cell = Number(values.cell);
const KEEP = 8;
const LABEL = 18;
const GAP = 6;
const DARK = '#202020';

await mkdir(values.out, { recursive: true });
const wanted = values.only?.split(',');
const pairs = (await choosePairs()).filter(({ name }) => wanted?.some((word) => name.includes(word)) ?? true);
const rows: Uint8Array[] = [];
for (const pair of pairs) rows.push(await rowOf(pair));
const perSheet = Number(values.rows);
for (let at = 0; at < rows.length; at += perSheet) {
  const path = join(values.out, `sheet-${at / perSheet + 1}.png`);
  await stack(rows.slice(at, at + perSheet), path);
  console.log(path);
}

async function choosePairs(): Promise<Pair[]> {
  if (values.first !== undefined && values.last !== undefined) {
    const first = await readEven(values.first);
    return [
      { name: `${basename(values.first)} → ${basename(values.last)}`, first, last: await readEven(values.last, first) },
    ];
  }
  const clips = (await openClips(values.pairs, values.work)).map(async (clip): Promise<Pair> => {
    const { gaps } = gapsOf(clip, KEEP);
    const { from, to } = gaps[gaps.length >> 1]!;
    const [first, last] = await readFrames(clip, [from, to]);
    return { name: `${clip.name} ${from} → ${to}`, first: first!, last: last! };
  });
  return [
    ...(await readMatchedPairs(values.pairs)),
    ...(await readUnrelatedPairs(values.pairs)),
    ...(await Promise.all(clips)),
  ];
}

/** One row: the frames side by side, with a line of words above. */
async function rowOf({ name, first, last }: Pair): Promise<Uint8Array> {
  const { camera } = readPrompt(values.prompt, '');
  const ours = await openOurs(first, last, 2, camera, values.fast);
  const cells: Uint8Array[] = [];
  for (let step = 0; step <= steps; step++) cells.push(await cellOf(await ours.at(step / steps)));
  const { mode, matchConfidence } = ours.report;
  await ours.close();
  console.log(`${name}: ${mode}, match confidence ${matchConfidence.toFixed(3)}`);
  const line = await sharp(cells, { join: { across: cells.length, shim: 2, background: DARK } })
    .png()
    .toBuffer({ resolveWithObject: true });
  const title = `${name} · ${mode} · ${matchConfidence.toFixed(3)} · t = 0 … 1 in steps of ${1 / steps}`;
  return sharp(line.data)
    .extend({ top: LABEL, background: DARK })
    .composite([{ input: label(title, line.info.width), top: 0, left: 0 }])
    .png()
    .toBuffer();
}

/** Rows of any height, one below the other. */
async function stack(pictures: readonly Uint8Array[], path: string): Promise<void> {
  const sizes = await Promise.all(pictures.map((picture) => sharp(picture).metadata()));
  const placed: { input: Buffer; left: number; top: number }[] = [];
  let top = 0;
  for (const [index, { height }] of sizes.entries()) {
    placed.push({ input: Buffer.from(pictures[index]!), left: 0, top });
    top += height + GAP;
  }
  const width = Math.max(...sizes.map((size) => size.width));
  await sharp({ create: { width, height: top, channels: 3, background: DARK } })
    .composite(placed)
    .png({ compressionLevel: 3 })
    .toFile(path);
}

function cellOf({ width, height, data }: RgbPicture): Promise<Uint8Array> {
  const picture = sharp(data, { raw: { width, height, channels: 3 } });
  return (cell === 0 ? picture : picture.resize({ width: cell })).png({ compressionLevel: 1 }).toBuffer();
}

function label(text: string, width: number): Buffer {
  const safe = text.replace(/[&<]/g, (sign) => (sign === '&' ? '&amp;' : '&lt;'));
  return Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${LABEL}"><text x="4" y="14" fill="#fff" font-family="sans-serif" font-size="13">${safe}</text></svg>`,
  );
}
