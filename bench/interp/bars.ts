import type { ClipsResult } from './measure-clips.ts';
import { KEEPS } from './measure-clips.ts';
import type { CameraCase, SmoothCase, UnrelatedCase } from './measure-pairs.ts';
import type { SharpCase } from './measure-sharpness.ts';
import type { ClipTimes, FrameTimes } from './measure-speed.ts';
import type { Likeness } from './metrics.ts';
import { type Method, meanOf } from './scores.ts';

/** Everything one run found; a part that was not asked for is missing. */
export interface Findings {
  readonly clips?: ClipsResult;
  readonly camera?: readonly CameraCase[];
  readonly wrongEnds?: readonly string[];
  readonly smoothness?: readonly SmoothCase[];
  readonly sharpness?: readonly SharpCase[];
  readonly unrelated?: readonly UnrelatedCase[];
  readonly frameTimes?: FrameTimes;
  readonly clip720?: ClipTimes;
  readonly clip1080?: ClipTimes;
}

/** One line of the table. Numbers are compared in the direction that `better` names. */
export interface Bar {
  readonly bar: string;
  readonly must: number;
  readonly aim: number;
  readonly measured: number;
  readonly better: 'higher' | 'lower';
  readonly show: (value: number) => string;
}

const decibels = (value: number): string => `${signed(value, 2)} dB`;
const points = (value: number): string => signed(value, 4);
const seconds = (value: number): string => `${value.toFixed(1)} s`;
const plain = (digits: number) => (value: number) => value.toFixed(digits);

/** The bars of the renderer's issue, for what was measured. */
export function barsOf(found: Findings): Bar[] {
  return [...clipBars(found.clips), ...cameraBars(found.camera), ...pairBars(found), ...speedBars(found)];
}

/** Means over clips of the means over gaps. */
export function clipMeans({ cells }: ClipsResult, keep: number): Readonly<Record<Method, Likeness>> {
  const those = cells.filter((cell) => cell.keep === keep);
  const mean = (method: Method) => meanOf(those.map(({ means }) => means[method]));
  return {
    ours: mean('ours'),
    minterpolate: mean('minterpolate'),
    oneWay: mean('oneWay'),
    crossFade: mean('crossFade'),
  };
}

function clipBars(clips: ClipsResult | undefined): Bar[] {
  if (clips === undefined) return [];
  const line = (
    name: string,
    limits: readonly (readonly [must: number, aim: number])[],
    gain: (means: Readonly<Record<Method, Likeness>>) => number,
    show: (value: number) => string,
  ): Bar[] =>
    KEEPS.map((keep, index) => {
      const [must, aim] = limits[index]!;
      const measured = gain(clipMeans(clips, keep));
      return { bar: `clips, keep 1 of ${keep}: ${name}`, must, aim, measured, better: 'higher', show };
    });
  const overPeer = [
    [0.9, 1.1],
    [1.1, 1.4],
    [1.3, 1.7],
  ] as const;
  const overOneWay = [
    [-0.2, 0],
    [-0.2, 0.1],
    [0.7, 0.9],
  ] as const;
  const ssimOverPeer = [
    [0.002, 0.004],
    [0.007, 0.011],
    [0.009, 0.014],
  ] as const;
  const never = [
    [0, 0],
    [0, 0],
    [0, 0],
  ] as const;
  return [
    ...line('PSNR over minterpolate', overPeer, (m) => m.ours.psnr - m.minterpolate.psnr, decibels),
    ...line('PSNR over one-way flow', overOneWay, (m) => m.ours.psnr - m.oneWay.psnr, decibels),
    ...line('SSIM over one-way flow', never, (m) => m.ours.ssim - m.oneWay.ssim, points),
    ...line('SSIM over minterpolate', ssimOverPeer, (m) => m.ours.ssim - m.minterpolate.ssim, points),
  ];
}

/** Above this a camera pair counts no more, so that one exact pair cannot hide a bad one. */
const CAMERA_CAP = 45;

function cameraBars(cases: readonly CameraCase[] | undefined): Bar[] {
  if (cases === undefined) return [];
  const mean = (pick: (one: CameraCase) => number): number =>
    cases.reduce((sum, one) => sum + pick(one), 0) / cases.length;
  const capped = (method: Method): number => mean(({ means }) => Math.min(CAMERA_CAP, means[method].psnr));
  return [
    {
      bar: 'camera pairs: PSNR (capped at 45) over minterpolate',
      must: 8,
      aim: 14,
      measured: capped('ours') - capped('minterpolate'),
      better: 'higher',
      show: decibels,
    },
    {
      bar: 'camera pairs: SSIM',
      must: 0.85,
      aim: 0.93,
      measured: mean(({ means }) => means.ours.ssim),
      better: 'higher',
      show: plain(3),
    },
  ];
}

function pairBars({ wrongEnds, smoothness, sharpness, unrelated }: Findings): Bar[] {
  const bars: Bar[] = [];
  if (wrongEnds !== undefined) {
    const measured = wrongEnds.length;
    bars.push({ bar: 'pairs whose ends are not exact', must: 0, aim: 0, measured, better: 'lower', show: plain(0) });
  }
  if (smoothness !== undefined) {
    const measured = Math.max(...smoothness.map(({ eased }) => eased));
    const bar = 'largest / median frame-to-frame change, worst matched pair';
    bars.push({ bar, must: 1.4, aim: 1.2, measured, better: 'lower', show: plain(2) });
  }
  if (sharpness !== undefined) {
    const measured = Math.min(...sharpness.map(({ middle }) => middle));
    const bar = 'Laplacian energy at the middle, of the ends’ mean, worst matched pair';
    bars.push({ bar, must: 0.85, aim: 0.95, measured, better: 'higher', show: plain(3) });
  }
  if (unrelated !== undefined) {
    const measured = Math.min(...unrelated.map(({ least }) => least));
    const bar = 'unrelated pairs against the plain transition, worst frame';
    bars.push({ bar, must: 35, aim: 45, measured, better: 'higher', show: (value) => `${value.toFixed(1)} dB` });
  }
  return bars;
}

function speedBars({ frameTimes, clip720, clip1080 }: Findings): Bar[] {
  const bars: Bar[] = [];
  if (frameTimes !== undefined) {
    const measured = frameTimes.ours / frameTimes.minterpolate;
    const show = (value: number): string => `1/${(1 / value).toFixed(1)}`;
    bars.push({
      bar: 'time per 720P frame of minterpolate’s',
      must: 1 / 6,
      aim: 1 / 12,
      measured,
      better: 'lower',
      show,
    });
  }
  if (clip720 !== undefined) {
    const measured = clip720.totalSeconds;
    bars.push({ bar: '720P, 150 frames to MP4', must: 8, aim: 5, measured, better: 'lower', show: seconds });
  }
  if (clip1080 !== undefined) {
    const measured = clip1080.totalSeconds;
    bars.push({ bar: '1080P, 150 frames to MP4', must: 18, aim: 11, measured, better: 'lower', show: seconds });
  }
  return bars;
}

/** `aim`: even the aim is met; `must`: the bar is met; `no`: it is not. */
export function verdict({ must, aim, measured, better }: Bar): 'aim' | 'must' | 'no' {
  const meets = (limit: number): boolean => (better === 'higher' ? measured >= limit : measured <= limit);
  return meets(aim) ? 'aim' : meets(must) ? 'must' : 'no';
}

function signed(value: number, digits: number): string {
  return `${value < 0 ? '' : '+'}${value.toFixed(digits)}`;
}
