import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { RgbPicture, YuvPicture } from '../contract.ts';
import type { EncoderChoice } from '../encode/encoder.ts';
import { openEncoder } from '../encode/open.ts';
import { writeMetadata } from '../mp4/metadata.ts';
import { zeroTimes } from '../mp4/movie.ts';
import { readPicture } from '../picture/files.ts';
import { Stills, tileFrames } from '../pipeline/stills.ts';
import { type FileToWrite, writeAllOrNone } from '../pipeline/write-files.ts';
import { blendStamp } from '../watermark/blend.ts';
import { makeStamp } from '../watermark/stamp.ts';
import { decodeForeign } from './decode.ts';
import { distance, glimpseOf, glimpseOfFile } from './frame-distance.ts';
import { type ForeignVideo, openForeign, type TrackVideo } from './open.ts';
import { remux } from './remux.ts';
import { rgbToYuv } from './rgb-to-yuv.ts';
import { applyTail, matchTail, type TailMatch } from './tail.ts';

/** A video from elsewhere that is to become one of ours. */
export interface FinishPlan {
  readonly input: string;
  /** The two pictures it was to begin and end with, PNG. */
  readonly first: string;
  readonly last: string;
  readonly video: string;
  /** WEBP. */
  readonly thumbnail: string;
  /** WEBP of up to 16 small frames, as the renderer makes it. */
  readonly spritesheet: string;
  /** PNG of the last frame, before a watermark of ours. */
  readonly lastFrame: string;
  /** All the metadata the file will have. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Words to write on every frame. */
  readonly watermark?: string;
  /** The video has a watermark already, so its lower right does not count in the distances. */
  readonly watermarked: boolean;
  readonly matchTail: boolean;
  readonly encoder: EncoderChoice;
}

export interface FinishReport {
  /** `kept`: the pictures are the upstream's own, bit for bit. */
  readonly pictures: 'kept' | 'transcoded';
  /** Mean absolute luma differences, 0..255; see `distance`. */
  readonly distances: {
    readonly firstToFirst: number;
    readonly lastToLast: number;
    readonly lastToFirst: number;
    readonly inputs: number;
  };
}

/**
 * Makes a foreign video ours: H.264 4:2:0 as a faststart MP4 with our metadata and nothing else, its stills, and how near
 * its ends are to the two pictures. The pictures are kept as they are where that is possible.
 *
 * Throws ForeignVideoError for a file that cannot be played to its end. The file is decoded by native code, so this runs in
 * a process that may crash.
 */
export async function finishVideo(plan: FinishPlan, signal?: AbortSignal): Promise<FinishReport> {
  const video = await openForeign(new Uint8Array(await readFile(plan.input)));
  const asIs = plan.watermark === undefined && !plan.matchTail && isAvc(video);
  const stills = new Stills();
  // A sheet shows the frames as they are watched: where they are changed, it is taken from the changed ones.
  const ends = await readEnds(video, asIs ? stills : undefined, signal);
  const distances = await measure(plan, ends);
  stills.takePng(plan.lastFrame, ends.last);
  if (asIs) stills.takeThumbnail(plan.thumbnail, ends.middle);
  const bytes = asIs && isAvc(video) ? await remux(video) : await transcode(plan, video, ends, stills, signal);
  stills.finishSheet(plan.spritesheet);
  zeroTimes(bytes);
  const labelled: FileToWrite = { path: plan.video, bytes: writeMetadata(bytes, plan.metadata) };
  await writeAllOrNone([labelled, ...(await stills.files())], signal);
  return { pictures: asIs ? 'kept' : 'transcoded', distances };
}

interface Ends {
  readonly first: YuvPicture;
  readonly middle: YuvPicture;
  readonly last: YuvPicture;
}

/** H.264 with 4:2:0 and 8 bits: profiles 66, 77, 88 and 100; the pictures themselves were decoded as such. */
function isAvc(video: ForeignVideo): video is TrackVideo {
  if (video.kind !== 'track') return false;
  const profile = Number.parseInt(/^avc[13]\.([0-9a-f]{2})/i.exec(video.config.codec)?.[1] ?? '', 16);
  return [66, 77, 88, 100].includes(profile);
}

/**
 * Decodes it all once: what cannot be played to its end is found here and not by the one who watches it.
 * @param sheet gets the tiles of the spritesheet on the way
 */
async function readEnds(
  video: ForeignVideo,
  sheet: Stills | undefined,
  signal: AbortSignal | undefined,
): Promise<Ends> {
  const middleAt = video.frames >> 1;
  const tiles = tileFrames(video.frames);
  let ends: Partial<Ends> = {};
  let index = 0;
  for await (const picture of decodeForeign(video, signal)) {
    if (index === 0) ends = { ...ends, first: picture };
    if (index === middleAt) ends = { ...ends, middle: picture };
    ends = { ...ends, last: picture };
    if (tiles.has(index)) sheet?.takeTile(picture);
    index += 1;
  }
  const { first, middle = first, last } = ends;
  if (first === undefined || middle === undefined || last === undefined)
    throw new Error('a video without frames was opened');
  return { first, middle, last };
}

async function measure(plan: FinishPlan, ends: Ends): Promise<FinishReport['distances']> {
  const [first, last, start, end] = await Promise.all([
    glimpseOfFile(plan.first),
    glimpseOfFile(plan.last),
    glimpseOf(ends.first),
    glimpseOf(ends.last),
  ]);
  const { watermarked } = plan;
  return {
    firstToFirst: distance(start, first, watermarked),
    lastToLast: distance(end, last, watermarked),
    lastToFirst: distance(end, first, watermarked),
    inputs: distance(first, last, watermarked),
  };
}

async function transcode(
  plan: FinishPlan,
  video: ForeignVideo,
  ends: Ends,
  stills: Stills,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const { width, height } = ends.first;
  const { frames } = video;
  const shape = { width, height, fps: Math.max(1, Math.round(video.fps)), frames };
  const tail = plan.matchTail ? await tailOf(plan.last, ends.last) : undefined;
  const stamp = plan.watermark === undefined ? undefined : await makeStamp(plan.watermark, ends.first);
  const encoder = await openEncoder(plan.encoder, shape, {
    samples: [ends.first, ends.last],
    pace: 1,
    scratch: dirname(plan.video),
  });
  try {
    const tiles = tileFrames(frames);
    let index = 0;
    for await (const frame of decodeForeign(video, signal)) {
      if (tail !== undefined) applyTail(frame, tail, index, frames);
      if (stamp !== undefined) blendStamp(frame, stamp);
      if (tiles.has(index)) stills.takeTile(frame);
      if (index === frames >> 1) stills.takeThumbnail(plan.thumbnail, frame);
      await encoder.add(frame);
      index += 1;
    }
    return await encoder.finish();
  } finally {
    await encoder.close();
  }
}

async function tailOf(path: string, last: YuvPicture): Promise<TailMatch> {
  const picture: RgbPicture = await readPicture(path);
  return matchTail(last, rgbToYuv(picture));
}
