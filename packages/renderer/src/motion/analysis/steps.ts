import { type CameraMove, estimateCamera } from '../camera/estimate.ts';
import { FEATURE_BYTES, findFeatures } from '../camera/features.ts';
import { type Homography, IDENTITY, invert } from '../camera/homography.ts';
import { chooseFlow } from '../fuse/choose.ts';
import { confidence, type SideMotion } from '../fuse/confidence.ts';
import { mainMotion } from '../fuse/main-motion.ts';
import { comparable } from '../fuse/match-error.ts';
import { regularise } from '../fuse/regularise.ts';
import { fitTone, SAME_TONE, type Tone } from '../fuse/tone.ts';
import { dropTorn } from '../fuse/torn.ts';
import type { AnalysisKernels } from '../kernels/load.ts';
import { describeDensely } from '../match/dense-descriptor.ts';
import { densifySeeds } from '../match/densify.ts';
import { judgeSeeds } from '../match/leaving.ts';
import { type MatchLayout, SEED_STEP } from '../match/match-layout.ts';
import { matchSeeds } from '../match/match-seeds.ts';
import { seekLostSeeds, settleSeeds } from '../match/rematch.ts';
import { edgeDistances } from '../raster/domain-transform.ts';
import { blur } from '../raster/gaussian.ts';
import { type ColourPlanes, type Flow, lumaOf, type Plane } from '../raster/plane.ts';
import { pyramid, resize, shrink } from '../raster/resample.ts';
import { bilinear } from '../raster/sample.ts';
import { type DeskLayout, type RenderLayout, samplesOf } from '../render/layout.ts';
import type { PictureKernels } from '../render/picture-kernels.ts';
import { inverseSearch } from '../search/inverse-search.ts';
import { Refiner } from '../search/variational.ts';
import { alignPicture, settleFlow } from './align.ts';
import { type AnalysisStore, analysisFactor } from './store.ts';

/** 0 = first picture, 1 = last. */
export type Side = 0 | 1;

/** Seeds fewer than these say nothing about a picture. */
const LEAST_SEEDS = 20;
const REFINEMENTS = 3;
/** Flow is sought in luma blurred by this much (samples): noise and blocks move with nothing. */
const SOFTNESS = 0.5;

/** What one side's last step found. */
export interface SideSummary {
  /** Mean confidence × region over the picture, 0..1. */
  readonly corresponding: number;
  /** Share of the matched seeds that were kept, 0..1. */
  readonly kept: number;
  /** The motion of most of the picture beside the camera's, in half-resolution samples. */
  readonly rest: readonly [number, number];
}

/** The steps of an analysis over the memory all threads share. Each may run on any thread, in the order open.ts gives. */
export class AnalysisSteps {
  private readonly store: AnalysisStore;
  private readonly kernels: AnalysisKernels;
  private readonly buffer: ArrayBufferLike;
  private readonly layout: MatchLayout;

  constructor(store: AnalysisStore, kernels: AnalysisKernels, buffer: ArrayBufferLike, layout: MatchLayout) {
    this.store = store;
    this.kernels = kernels;
    this.buffer = buffer;
    this.layout = layout;
  }

  /** Brings a picture into every raster needed, at a desk that is free, and finds its features; returns their number. */
  prepare(
    side: Side,
    kernels: PictureKernels,
    renderBuffer: ArrayBufferLike,
    render: RenderLayout,
    desk: DeskLayout,
  ): number {
    const { width, height } = render;
    const rgb = samplesOf(render)[side];
    const { luma, half, colour } = render.pictures[side];
    kernels.split(width, height, rgb, luma, half, colour, desk.fields, desk.rows);
    const colours = this.store.pictures[side];
    const size = colours.luma.length;
    const [y, u, v] = [0, 1, 2].map((plane) => desk.fields + 4 * plane * size) as [number, number, number];
    kernels.average(width, height, rgb, analysisFactor(width, height), y, u, v);
    colours.luma.set(new Float32Array(renderBuffer, y, size));
    colours.blue.set(new Float32Array(renderBuffer, u, size));
    colours.red.set(new Float32Array(renderBuffer, v, size));
    const features = findFeatures(lumaOf(colours));
    const place = this.layout.features[side];
    new Uint8Array(this.buffer, place.descriptors, features.descriptors.length).set(features.descriptors);
    new Float32Array(this.buffer, place.x, features.x.length).set(features.x);
    new Float32Array(this.buffer, place.y, features.y.length).set(features.y);
    return features.descriptors.length / FEATURE_BYTES;
  }

  /** The camera move between the pictures, if one explains them. */
  camera(counts: readonly [number, number], seed: number): CameraMove {
    const [first, last] = this.store.pictures;
    return estimateCamera(this.kernels, this.buffer, this.layout, counts, first, last, seed);
  }

  /** Aligns the last picture and describes every sample of a side on every level. */
  describe(side: Side, camera: Homography | null): void {
    const { pictures, aligned } = this.store;
    if (side === 1) alignPicture(pictures[1], camera, aligned);
    const levels = pyramid(lumaOf(side === 0 ? pictures[0] : aligned), this.layout.levels.length);
    this.layout.levels.forEach((level, i) => {
      describeDensely(this.kernels, this.buffer, this.layout.workspaces[side], levels[i]!, level.descriptors[side]);
    });
  }

  /** Matches a side's seeds to the other side. */
  match(side: Side): void {
    matchSeeds(this.kernels, this.buffer, this.layout, side);
  }

  /** Looks anew for a side's seeds that no trusted match was found for; false when that is not worth it. */
  seek(side: Side): boolean {
    return seekLostSeeds(this.kernels, this.buffer, this.layout, side);
  }

  /** Takes up what `seek` found, when it has run on both sides. */
  settle(side: Side): void {
    settleSeeds(this.kernels, this.buffer, this.layout, side);
  }

  /** Judges the matches of both sides, finds a change of exposure along the trusted ones and takes it out of the last picture. */
  tone(): [Tone, Tone, Tone] {
    const { pictures, aligned } = this.store;
    judgeSeeds(this.buffer, this.layout);
    const seeds = this.seedPairs(this.trusted(0));
    const luma = this.fitChannel(pictures[0].luma, aligned.luma, seeds);
    if (luma === SAME_TONE) return [SAME_TONE, SAME_TONE, SAME_TONE];
    const blue = this.fitChannel(pictures[0].blue, aligned.blue, seeds);
    const red = this.fitChannel(pictures[0].red, aligned.red, seeds);
    for (const planes of [pictures[1], aligned]) {
      removeTone(planes.luma, luma);
      removeTone(planes.blue, blue);
      removeTone(planes.red, red);
    }
    return [luma, blue, red];
  }

  /** Finds a side's two candidate motions. */
  search(side: Side): number {
    const { searched, matched, kept } = this.store;
    const { from, to } = this.facing(side);
    const refiner = new Refiner(this.kernels, this.buffer, this.layout.workspaces[side]);
    copyFlow(inverseSearch(softLuma(from), softLuma(to), refiner), searched[side]);
    const trusted = this.trusted(side);
    const count = trusted.reduce((sum, value) => sum + value, 0);
    kept[side].set(this.spreadSeeds(trusted));
    if (count > LEAST_SEEDS) {
      const dense = densifySeeds(this.buffer, this.layout, side, trusted, edgeDistances(from));
      copyFlow(refiner.refine(softLuma(from), softLuma(to), dense, REFINEMENTS), matched[side]);
    }
    return count;
  }

  /** Chooses between the candidates, refines the seams of the choice, and expresses the last side's motion in its own raster. */
  choose(side: Side, camera: Homography | null, seedCounts: readonly [number, number]): void {
    const { searched, matched, chosen, kept } = this.store;
    const { from, to } = this.facing(side);
    const other = side === 0 ? 1 : 0;
    const both = Math.min(...seedCounts) > LEAST_SEEDS;
    const candidates = both ? [searched[side], matched[side]] : [searched[side]];
    const back = both ? [searched[other], matched[other]] : [searched[other]];
    const flow = chooseFlow(comparable(from), comparable(to), candidates, back, camera === null);
    const refiner = new Refiner(this.kernels, this.buffer, this.layout.workspaces[side]);
    copyFlow(refiner.refine(softLuma(from), softLuma(to), flow, REFINEMENTS), chosen[side]);
    if (side === 1 && camera !== null) settleFlow(chosen[1], kept[1], camera, invert(camera));
  }

  /** Judges and completes a side's motion and leaves it where frames are rendered from. */
  finish(side: Side, move: CameraMove, renderBuffer: ArrayBufferLike, render: RenderLayout): SideSummary {
    const { pictures, chosen, kept } = this.store;
    const other = side === 0 ? 1 : 0;
    const there = move.aligned ?? IDENTITY;
    const maps = [there, invert(there)] as const;
    const motion = (which: Side): SideMotion => ({ camera: maps[which], residual: chosen[which] });
    const prior = move.prior === null ? null : side === 0 ? move.prior : invert(move.prior);
    const trust = confidence(pictures[side], pictures[other], motion(side), motion(other));
    // A camera move that aligns the pictures tells already how what leaves them moves.
    const believed = move.aligned === null ? trust : { ...trust, outside: new Uint8Array(trust.outside.length) };
    const regular = regularise(chosen[side], believed, kept[side], edgeDistances(pictures[side]), prior);
    this.writeField(regular.residual, regular.trust, side, renderBuffer, render);
    const size = trust.outside.length;
    let corresponding = 0;
    let seeds = 0;
    for (let i = 0; i < size; i++) {
      if (!trust.outside[i]) corresponding += regular.trust.data[i]!;
      seeds += kept[side][i]!;
    }
    const scale = (render.width >> 1) / this.store.width;
    const rest = mainMotion(regular.residual, regular.trust).map((part) => part * scale) as [number, number];
    return { corresponding: corresponding / size, kept: seeds / size, rest };
  }

  /** The pictures a side's search goes from and to, both in the first picture's camera. */
  private facing(side: Side): { from: ColourPlanes; to: ColourPlanes } {
    const { pictures, aligned } = this.store;
    return side === 0 ? { from: pictures[0], to: aligned } : { from: aligned, to: pictures[0] };
  }

  private trusted(side: Side): Uint8Array {
    return new Uint8Array(this.buffer, this.layout.seeds[side].trusted, this.layout.columns * this.layout.rows);
  }

  private seedPairs(trusted: Uint8Array): { from: Int32Array; u: Int32Array; v: Int32Array } {
    const { columns, seeds } = this.layout;
    const u = new Int32Array(this.buffer, seeds[0].u, trusted.length);
    const v = new Int32Array(this.buffer, seeds[0].v, trusted.length);
    const chosen: number[] = [];
    for (let i = 0; i < trusted.length; i++) if (trusted[i]) chosen.push(i);
    const place = (i: number): number =>
      Math.floor((Math.floor(i / columns) + 0.5) * SEED_STEP) * this.store.width +
      Math.floor(((i % columns) + 0.5) * SEED_STEP);
    return {
      from: Int32Array.from(chosen, place),
      u: Int32Array.from(chosen, (i) => u[i]!),
      v: Int32Array.from(chosen, (i) => v[i]!),
    };
  }

  private fitChannel(
    from: Float32Array,
    to: Float32Array,
    seeds: { from: Int32Array; u: Int32Array; v: Int32Array },
  ): Tone {
    const { width, height } = this.store;
    if (seeds.from.length < LEAST_SEEDS) return SAME_TONE;
    const there = seeds.from.map((at, i) => at + seeds.v[i]! * width + seeds.u[i]!);
    // A match is only right to within a sample: 3×3 means keep that from looking like a change of contrast.
    const mean = (data: Float32Array, at: number): number => {
      const x = at % width;
      const y = Math.floor(at / width);
      let sum = 0;
      for (let dy = -1; dy <= 1; dy++)
        for (let dx = -1; dx <= 1; dx++) sum += bilinear(data, width, height, x + dx, y + dy);
      return sum / 9;
    };
    return fitTone(
      Float32Array.from(seeds.from, (at) => mean(from, at)),
      Float32Array.from(there, (at) => mean(to, at)),
    );
  }

  /** The kept seeds as a map over all samples. */
  private spreadSeeds(trusted: Uint8Array): Float32Array {
    const { columns, rows } = this.layout;
    const grid: Plane = { width: columns, height: rows, data: Float32Array.from(trusted) };
    return resize(grid, this.store.width, this.store.height).data;
  }

  /** Brings a motion to half the picture's resolution, the raster frames are made with. */
  private writeField(residual: Flow, trust: Plane, side: Side, buffer: ArrayBufferLike, render: RenderLayout): void {
    const width = render.width >> 1;
    const height = render.height >> 1;
    const factor = residual.width / width;
    const place = render.motion[side];
    const write = (data: Float32Array, at: number, gain: number): void => {
      const plane: Plane = { width: residual.width, height: residual.height, data };
      const small = factor === 1 ? plane : shrink(plane, factor);
      const out = new Float32Array(buffer, at, width * height);
      for (let i = 0; i < out.length; i++) out[i] = small.data[i]! * gain;
    };
    write(residual.u, place.u, 1 / factor);
    write(residual.v, place.v, 1 / factor);
    write(trust.data, place.z, 1);
    const part = (at: number) => new Float32Array(buffer, at, width * height);
    dropTorn({ width, height, u: part(place.u), v: part(place.v) });
  }
}

function softLuma(picture: ColourPlanes): Plane {
  return blur(lumaOf(picture), SOFTNESS);
}

function copyFlow(from: Flow, to: Flow): void {
  to.u.set(from.u);
  to.v.set(from.v);
}

function removeTone(data: Float32Array, tone: Tone): void {
  for (let i = 0; i < data.length; i++) data[i] = (data[i]! - tone.offset) / tone.gain;
}
