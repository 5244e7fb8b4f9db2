import type { View } from '../../contract.ts';
import { CameraPath } from '../camera/camera-path.ts';
import { invert } from '../camera/homography.ts';
import type { Tone } from '../fuse/tone.ts';
import type { FrameKernels } from './kernels.ts';
import type { RenderLayout } from './layout.ts';
import type { FramePlan } from './plan.ts';
import { ELEVEN, FIVE, type GatherFields, sway } from './sway.ts';

/** Renders frames of one pair on one desk of the shared memory. */
export class FramePainter {
  private readonly kernels: FrameKernels;
  private readonly buffer: ArrayBufferLike;
  private readonly layout: RenderLayout;
  private readonly plan: FramePlan;
  private readonly path: CameraPath;
  private readonly desk: RenderLayout['desks'][number];
  private view: View | null = null;

  constructor(
    kernels: FrameKernels,
    buffer: ArrayBufferLike,
    layout: RenderLayout,
    plan: FramePlan,
    desk: RenderLayout['desks'][number],
  ) {
    this.kernels = kernels;
    this.buffer = buffer;
    this.layout = layout;
    this.plan = plan;
    this.desk = desk;
    this.path = new CameraPath(plan.camera, layout.width >> 1, layout.height >> 1);
  }

  /** Paints the frame at time `s` (strictly between 0 and 1), seen through the view if there is one, and returns where it lies: I420 in the shared memory. */
  paint(s: number, view: View | null = null): Uint8Array {
    this.view = view;
    if (this.plan.kind === 'dissolve') this.paintDissolve(s);
    else this.paintMorph(s);
    return new Uint8Array(this.buffer, this.desk.frame, (this.layout.width * this.layout.height * 3) / 2);
  }

  private paintMorph(s: number): void {
    const { kernels, desk, layout, plan } = this;
    const w2 = layout.width >> 1;
    const h2 = layout.height >> 1;
    for (const side of [0, 1] as const) {
      const field = layout.motion[side];
      this.setMatrix(side, side === 0 ? this.path.fromFirst(s) : this.path.fromLast(s));
      const share = side === 0 ? s : 1 - s;
      const rest = plan.rest[side];
      kernels.splat(w2, h2, field.u, field.v, field.z, desk.matrices[side], share, ...rest, desk.sums[side]);
      kernels.resolve(w2, h2, ...rest, desk.sums[side], desk.pyramid);
    }
    if (plan.fast) {
      this.combine(s, s);
      this.gather(desk.frame, s);
    } else {
      this.combineCrossed(s);
      this.gather(desk.frame, s, kernels.lumaCrossed, kernels.chromaCrossed);
    }
  }

  /** Both pictures follow the camera; the last one takes over in the middle half of the time. */
  private paintDissolve(s: number): void {
    const { kernels, desk, layout } = this;
    const size = (layout.width >> 1) * (layout.height >> 1);
    for (const side of [0, 1] as const) new Float32Array(this.buffer, desk.sums[side], 4 * size).fill(0);
    const share = dissolveShare(s);
    for (const side of [0, 1] as const) {
      if (share === 1 - side) continue;
      this.combine(s, side);
      this.gather(share === side ? desk.frame : desk.layers[side], null);
    }
    if (share === 0 || share === 1) return;
    const { width, height, toLinear, fromLinear } = layout;
    kernels.mix(width, height, desk.layers[0], desk.layers[1], share, toLinear, fromLinear, desk.frame);
  }

  /** Fills the gather fields for time `s`, blending the sides as at time `blend`. */
  private combine(s: number, blend: number): void {
    const { kernels, desk, layout } = this;
    this.setMatrix(0, invert(this.path.fromFirst(s)));
    this.setMatrix(1, invert(this.path.fromLast(s)));
    const [first, last] = desk.matrices;
    kernels.combine(layout.width >> 1, layout.height >> 1, desk.sums[0], desk.sums[1], first, last, blend, desk.fields);
    this.lookAt(FIVE);
  }

  /** Fills the eleven fields of four readings for time `s`. */
  private combineCrossed(s: number): void {
    const { kernels, desk, layout, path, plan } = this;
    const [first, last] = layout.pictures;
    const y = fade(plan.tones[0], s);
    this.setMatrix(0, invert(path.fromFirst(s)));
    this.setMatrix(1, invert(path.fromLast(s)));
    this.setMatrix(2, plan.camera);
    this.setMatrix(3, invert(plan.camera));
    new Float32Array(this.buffer, desk.matrices[3] + 36, 4).set(path.sharesOfLast(s));
    kernels.combineCrossed(
      layout.width >> 1,
      layout.height >> 1,
      desk.sums[0],
      desk.sums[1],
      desk.matrices[0],
      s,
      first.half,
      last.half,
      ...y,
      desk.fields,
    );
    this.lookAt(ELEVEN);
    if (this.view !== null) markAll(this.buffer, layout.width >> 1, layout.height >> 1, desk.fields);
  }

  /** Sees the fields through the view, if there is one. */
  private lookAt(fields: GatherFields): void {
    const { buffer, desk, layout, view } = this;
    if (view !== null) sway(buffer, layout.width >> 1, layout.height >> 1, desk.fields, fields, desk.pyramid, view);
  }

  /** Reads all three planes along the fields; `s` fades the change of exposure, null leaves the pictures as they are. */
  private gather(out: number, s: number | null, luma = this.kernels.luma, chroma = this.kernels.chroma): void {
    const { desk, layout, plan } = this;
    const { width, height } = layout;
    const [first, last] = layout.pictures;
    const [y, u, v] = plan.tones.map((tone) => fade(tone, s)) as [Fade, Fade, Fade];
    const { fields } = desk;
    const weights = s === null ? layout.plainWeights : plan.aligned ? layout.crispWeights : layout.weights;
    luma(width, height, first.luma, last.luma, fields, desk.rows, weights, y[0], y[1], y[2], y[3], out);
    const w2 = width >> 1;
    const h2 = height >> 1;
    new Float32Array(this.buffer, desk.tones, 8).set([...u, ...v]);
    chroma(w2, h2, first.colour, last.colour, fields, desk.rows, weights, desk.tones, out + width * height);
  }

  private setMatrix(which: 0 | 1 | 2 | 3, matrix: readonly number[]): void {
    new Float32Array(this.buffer, this.desk.matrices[which], 9).set(matrix);
  }
}

/** Marks all samples behind the eleven fields as read at two places: seen through a view, they no longer lie where they were marked. */
function markAll(buffer: ArrayBufferLike, width: number, height: number, fields: number): void {
  const marks = new Uint8Array(buffer, fields + 44 * width * height, (((width + 3) >> 2) + 2) * height);
  for (let i = 0; i < marks.length; i++) marks[i]! |= 1;
}

/** Gain and offset of the first picture, then of the last. */
type Fade = readonly [number, number, number, number];

/** How both pictures must be toned at time `s` so that they agree and each is itself at its own end. */
function fade(tone: Tone, s: number | null): Fade {
  if (s === null) return [1, 0, 1, 0];
  const inverse = 1 / tone.gain;
  return [1 - s + s * tone.gain, s * tone.offset, (1 - s) * inverse + s, -(1 - s) * tone.offset * inverse];
}

/** 0 in the first quarter of the time, 1 in the last, smooth between. */
export function dissolveShare(s: number): number {
  const t = Math.min(1, Math.max(0, 2 * s - 0.5));
  return t * t * (3 - 2 * t);
}
