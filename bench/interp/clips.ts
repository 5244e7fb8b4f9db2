import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { basename, join } from 'node:path';
import sharp from 'sharp';
import type { RgbPicture } from '../../packages/renderer/src/index.ts';
import { runFfmpeg } from './ffmpeg.ts';
import { greyChange } from './metrics.ts';

/** A window of a clip, extracted once to raw RGB frames. */
export interface Clip {
  readonly name: string;
  readonly file: string;
  readonly width: number;
  readonly height: number;
  readonly frames: number;
  /** Numbers of frames (of the window) that begin a new shot. */
  readonly cuts: readonly number[];
}

/** One gap: the frames between two kept ones are to be made. */
export interface Gap {
  readonly from: number;
  readonly to: number;
}

interface Windows {
  readonly windows: Readonly<Record<string, { readonly first: number; readonly frames: number }>>;
}

/** Extracts every window of `windows.json` that is not there yet. */
export async function openClips(pairs: string, work: string): Promise<Clip[]> {
  const { windows } = JSON.parse(await readFile(join(pairs, 'windows.json'), 'utf8')) as Windows;
  await mkdir(work, { recursive: true });
  const clips: Clip[] = [];
  for (const [name, window] of Object.entries(windows)) {
    const source = join(pairs, 'clips', name);
    const id = createHash('sha256').update(`${await digestOf(source)} ${JSON.stringify(window)}`);
    const file = join(work, `${basename(name)}-${id.digest('hex').slice(0, 12)}`);
    const { width, height } = await extract(source, file, window);
    const clip = { name, file: `${file}.rgb`, width, height, frames: window.frames, cuts: [] };
    clips.push({ ...clip, cuts: await findCuts(clip) });
  }
  return clips;
}

async function digestOf(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
}

async function extract(source: string, file: string, window: { first: number; frames: number }) {
  const still = `${file}.png`;
  if (!existsSync(`${file}.rgb`)) {
    const choose = `select='between(n,${window.first},${window.first + window.frames - 1})'`;
    const filter = `${choose},scale=flags=bicubic+accurate_rnd+full_chroma_int,format=rgb24`;
    await runFfmpeg(['-i', source, '-vf', filter, '-vsync', '0', '-frames:v', '1', still]);
    await runFfmpeg(['-i', source, '-vf', filter, '-vsync', '0', '-f', 'rawvideo', `${file}.part`]);
    // Renamed when complete, so that an interrupted run leaves nothing that looks finished.
    await rename(`${file}.part`, `${file}.rgb`);
  }
  const { width, height } = await sharp(still).metadata();
  return { width, height };
}

/** Reads single frames of a clip's window. */
export async function readFrames(clip: Clip, numbers: readonly number[]): Promise<RgbPicture[]> {
  const bytes = clip.width * clip.height * 3;
  const handle = await open(clip.file);
  try {
    const frames: RgbPicture[] = [];
    for (const number of numbers) {
      const data = new Uint8Array(bytes);
      const { bytesRead } = await handle.read(data, 0, bytes, number * bytes);
      if (bytesRead < bytes) throw new Error(`${clip.name} has no frame ${number} in its window`);
      frames.push({ width: clip.width, height: clip.height, data });
    }
    return frames;
  } finally {
    await handle.close();
  }
}

/** A change this large (grey steps), and this many times the window's median change, is a cut. */
const CUT_CHANGE = 14;
const CUT_RATIO = 4;

async function findCuts(clip: Clip): Promise<number[]> {
  const changes: number[] = [];
  let [before] = await readFrames(clip, [0]);
  for (let number = 1; number < clip.frames; number++) {
    const [frame] = await readFrames(clip, [number]);
    changes.push(greyChange(before!, frame!));
    before = frame;
  }
  const median = changes.toSorted((a, b) => a - b)[changes.length >> 1]!;
  const isCut = (change: number): boolean => change > CUT_CHANGE && change > CUT_RATIO * median;
  return changes.flatMap((change, index) => (isCut(change) ? [index + 1] : []));
}

/** The gaps of a window when 1 of `keep` frames is kept; those that hold a cut apart. */
export function gapsOf(clip: Clip, keep: number): { readonly gaps: Gap[]; readonly skipped: Gap[] } {
  const all = Array.from({ length: Math.floor((clip.frames - 1) / keep) }, (_, index) => ({
    from: index * keep,
    to: (index + 1) * keep,
  }));
  const holdsCut = ({ from, to }: Gap): boolean => clip.cuts.some((cut) => cut > from && cut <= to);
  return { gaps: all.filter((gap) => !holdsCut(gap)), skipped: all.filter(holdsCut) };
}

/** At most `count` of the gaps, spread evenly. */
export function fewOf(gaps: readonly Gap[], count: number): Gap[] {
  if (gaps.length <= count) return [...gaps];
  return Array.from({ length: count }, (_, index) => gaps[Math.floor(((index + 0.5) * gaps.length) / count)]!);
}
