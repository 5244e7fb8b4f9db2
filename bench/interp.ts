/**
 * Measures every bar of the renderer against ffmpeg's minterpolate, plain one-way flow and a cross-fade, in one run.
 *
 *   npx --no-install node bench/interp.ts [--quick] [--only clips,camera,ends,smoothness,sharpness,
 *                                         unrelated,speed,mp4]
 *                                         [--clips tree.avi,bikes.mp4] [--keeps 2,4,8] [--pairs folder]
 *                                         [--work folder] [--out file.json]
 *   npx --no-install node bench/interp.ts --measure oneWay,crossFade [--threads 1] [--clips …] [--keeps …]
 *
 * `--quick` takes three gaps per clip and one run of each time, for development; the full run takes all gaps. Needs
 * ffmpeg (Debian's) as peer and judge, and the test pictures, of which not all may ship. Progress goes to standard error;
 * the table, the means behind it and a JSON go to standard output. What was measured stays in the work folder, so that
 * an interrupted run goes on where it was, and a changed renderer is measured anew without measuring the peer again.
 * `--measure` only takes the scores of these methods in the clips' gaps, for a later run to find: the peer and the
 * anchors do not change while the renderer is worked on.
 * Times are only fair on an idle machine.
 */
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { barsOf, clipMeans, type Findings, verdict } from './interp/bars.ts';
import { KEEPS, measureClips, takeScores } from './interp/measure-clips.ts';
import { findWrongEnds, measureCamera, measureSmoothness, measureUnrelated } from './interp/measure-pairs.ts';
import { measureSharpness } from './interp/measure-sharpness.ts';
import { measureClipTimes, measureFrameTimes } from './interp/measure-speed.ts';
import { METHODS, type Method } from './interp/scores.ts';

const PARTS = ['clips', 'camera', 'ends', 'smoothness', 'sharpness', 'unrelated', 'speed', 'mp4'];
const QUICK_GAPS = 3;

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', default: PARTS.join(',') },
    clips: { type: 'string' },
    keeps: { type: 'string', default: KEEPS.join(',') },
    measure: { type: 'string' },
    threads: { type: 'string', default: '2' },
    pairs: { type: 'string', default: fileURLToPath(new URL('../../shared/pairs', import.meta.url)) },
    work: { type: 'string', default: join(tmpdir(), 'inbetween-interp') },
    out: { type: 'string' },
  },
});
const { quick, pairs, work } = values;
const parts = new Set(values.only.split(','));
for (const part of parts) if (!PARTS.includes(part)) throw new Error(`--only takes ${PARTS.join(', ')}, not "${part}"`);
const begun = performance.now();
const log = (line: string): void =>
  console.error(`${((performance.now() - begun) / 1000).toFixed(0).padStart(5)} s  ${line}`);

const clipsWish = {
  pairs,
  work,
  gapsPerCell: quick ? QUICK_GAPS : undefined,
  only: values.clips?.split(','),
  keeps: values.keeps.split(',').map(Number),
  threads: Number(values.threads),
  log,
};
if (values.measure !== undefined) {
  await takeScores({ ...clipsWish, methods: values.measure.split(',').map(asMethod) });
  process.exit();
}

const found = await measure();
const bars = barsOf(found).map((bar) => ({ ...bar, ok: verdict(bar) }));
print();
const json = {
  quick,
  seconds: Math.round((performance.now() - begun) / 1000),
  bars: bars.map(({ bar, must, aim, measured, ok }) => ({ bar, must, aim, measured, ok })),
  ...found,
};
if (values.out === undefined) console.log(JSON.stringify(json));
else await writeFile(values.out, `${JSON.stringify(json, undefined, 2)}\n`);
process.exitCode = bars.some(({ ok }) => ok === 'no') ? 1 : 0;

/** Times come first, while nothing of ours has warmed the machine. */
async function measure(): Promise<Findings> {
  const runs = quick ? 1 : 3;
  return {
    ...(parts.has('speed') && { frameTimes: await told('speed', measureFrameTimes(pairs, work, runs)) }),
    ...(parts.has('mp4') && { clip720: await told('720P to MP4', measureClipTimes('720p', runs)) }),
    ...(parts.has('mp4') && { clip1080: await told('1080P to MP4', measureClipTimes('1080p', runs)) }),
    ...(parts.has('camera') && { camera: await measureCamera(pairs, log) }),
    ...(parts.has('ends') && { wrongEnds: await findWrongEnds(pairs, work, log) }),
    ...(parts.has('smoothness') && { smoothness: await measureSmoothness(pairs, log) }),
    ...(parts.has('sharpness') && { sharpness: await measureSharpness(pairs, log) }),
    ...(parts.has('unrelated') && { unrelated: await measureUnrelated(pairs, log) }),
    ...(parts.has('clips') && {
      clips: await measureClips(clipsWish),
    }),
  };
}

function asMethod(name: string): Method {
  const method = METHODS.find((known) => known === name);
  if (method === undefined) throw new Error(`--measure takes ${METHODS.join(', ')}, not "${name}"`);
  return method;
}

async function told<T>(name: string, work: Promise<T>): Promise<T> {
  const result = await work;
  log(name);
  return result;
}

function print(): void {
  const rows = bars.map(({ bar, must, aim, measured, show, ok }) => [bar, show(must), show(aim), show(measured), ok]);
  table(['bar', 'must', 'aim', 'measured', 'ok'], rows);
  const { clips, camera, smoothness, sharpness, unrelated, wrongEnds } = found;
  if (clips !== undefined) {
    const cells = [
      ...clips.cells,
      ...KEEPS.map((keep) => ({ clip: 'mean', keep, gaps: Number.NaN, means: clipMeans(clips, keep) })),
    ];
    table(
      ['PSNR / SSIM / GMSD', 'gaps', ...METHODS],
      cells.map(({ clip, keep, gaps, means }) => [
        `${clip} 1 of ${keep}`,
        Number.isNaN(gaps) ? '' : String(gaps),
        ...METHODS.map((method) => likeness(means[method])),
      ]),
    );
    for (const gap of clips.skipped) console.log(`left out, holds a cut: ${gap}`);
  }
  if (camera !== undefined) {
    const lines = camera.map(({ name, mode, means }) => [
      name,
      mode,
      ...METHODS.map((method) => likeness(means[method])),
    ]);
    table(['camera pair', 'mode', ...METHODS], lines);
  }
  if (smoothness !== undefined) {
    const lines = smoothness.map(({ name, mode, eased, linear, largestAt }) => [
      name,
      mode,
      eased.toFixed(2),
      linear.toFixed(2),
      largestAt.toFixed(2),
    ]);
    table(['largest / median change', 'mode', 'eased', 'linear', 'largest at'], lines);
  }
  if (sharpness !== undefined) {
    const lines = sharpness.map(({ name, mode, middle, truth }) => [
      name,
      mode,
      middle.toFixed(3),
      truth?.toFixed(3) ?? '',
    ]);
    table(['Laplacian energy at 0.5 / at the ends', 'mode', 'ours', 'true middle'], lines);
  }
  if (unrelated !== undefined) {
    const lines = unrelated.map(({ name, mode, mean, least, ceiling }) => [
      name,
      mode,
      mean.toFixed(1),
      least.toFixed(1),
      ceiling.toFixed(1),
    ]);
    table(['unrelated pair, dB', 'mode', 'mean', 'least', '4:2:0 alone'], lines);
  }
  for (const name of wrongEnds ?? []) console.log(`ends are not exact: ${name}`);
}

function likeness({ psnr, ssim, gmsd }: { psnr: number; ssim: number; gmsd: number }): string {
  return `${psnr.toFixed(2)} / ${ssim.toFixed(4)} / ${gmsd.toFixed(4)}`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]!.length)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`;
  console.log([line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n'));
  console.log('');
}
