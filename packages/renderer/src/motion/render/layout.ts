/**
 * Where everything lies in the one shared memory from which frames are rendered. All offsets are bytes.
 * Both pictures and both motion fields are read by every thread; each thread has a desk of its own.
 */

/** Mirrored samples around every picture plane, so that a four-tap filter may reach over the border. */
export const PAD = 8;

/** The planes of one key picture, each with PAD samples around it. */
export interface PictureLayout {
  readonly luma: number;
  /** Luma at half size. */
  readonly half: number;
  /** Colour as 4:2:0 samples it, but at every place (colourSamples with spacing 1): blue and red side by side, two bytes where luma has one. */
  readonly colour: number;
}

/** Half-resolution motion of one key picture: residual (u, v) in half-resolution samples, confidence z 0..1. */
export interface FieldLayout {
  readonly u: number;
  readonly v: number;
  readonly z: number;
}

/** One thread's working place. */
export interface DeskLayout {
  /** Splat sums of either side: (u, v, z, weight) per half-resolution sample. */
  readonly sums: readonly [number, number];
  /** Room for the pull-push pyramid. */
  readonly pyramid: number;
  /** Five planes: x and y offset into the first picture, the same for the last, share of the last picture; or eleven (FrameKernels.combineCrossed). */
  readonly fields: number;
  /** Full-width row buffers. */
  readonly rows: number;
  /** Gain and offset of the first picture's blue and of the last's, then the same of red: eight 32-bit floats. */
  readonly tones: number;
  /** Four 3×3 matrices of 32-bit floats, one after the other, and behind them room for the last picture's shares at the four corners. */
  readonly matrices: readonly [number, number, number, number];
  /** The finished frame (I420), and two more for dissolves. */
  readonly frame: number;
  readonly layers: readonly [number, number];
}

export interface RenderLayout {
  readonly width: number;
  readonly height: number;
  readonly pictures: readonly [PictureLayout, PictureLayout];
  readonly motion: readonly [FieldLayout, FieldLayout];
  /** 32 phases × 4 bicubic weights, 16-bit, sum WEIGHT_ONE; then those of three ever softer filters. */
  readonly weights: number;
  /** 32 phases of a filter that does not sharpen, for dissolves. */
  readonly plainWeights: number;
  /** Four times the same filter, one that sharpens more: for pictures that were aligned. */
  readonly crispWeights: number;
  /** sRGB → linear light (256 floats) and back (4096 bytes). */
  readonly toLinear: number;
  readonly fromLinear: number;
  readonly desks: readonly DeskLayout[];
  readonly byteLength: number;
}

/** Plans the memory for pictures of even size and a number of threads. */
export function planMemory(width: number, height: number, threads: number): RenderLayout {
  let next = 1024;
  const take = (bytes: number): number => {
    const at = next;
    next += Math.ceil(bytes / 64) * 64 + 64;
    return at;
  };
  const half = (width >> 1) * (height >> 1);
  const lumaBytes = (width + 2 * PAD) * (height + 2 * PAD);
  const halfBytes = ((width >> 1) + 2 * PAD) * ((height >> 1) + 2 * PAD);
  const picture = (): PictureLayout => ({
    luma: take(lumaBytes),
    half: take(halfBytes),
    colour: take(2 * lumaBytes),
  });
  const field = (): FieldLayout => ({ u: take(4 * half), v: take(4 * half), z: take(4 * half) });
  const frameBytes = (width * height * 3) / 2;
  const desk = (): DeskLayout => ({
    sums: [take(16 * half), take(16 * half)],
    // Every level is at most (w/2 + 1) × (h/2 + 1): a third of the base plus slack for tiny sizes.
    pyramid: take(16 * (half / 2 + 64 * (width + height))),
    // Eleven planes and the marks behind them (FrameKernels.combineCrossed).
    fields: take(44 * half + ((width >> 3) + 4) * (height >> 1) + 64),
    rows: take(4 * 14 * (width + 32)),
    tones: take(32),
    matrices: inRow(take(160), 36),
    frame: take(frameBytes),
    layers: [take(frameBytes), take(frameBytes)],
  });
  return {
    width,
    height,
    pictures: [picture(), picture()],
    motion: [field(), field()],
    weights: take(4 * 32 * 8),
    plainWeights: take(32 * 8),
    crispWeights: take(4 * 32 * 8),
    toLinear: take(256 * 4),
    fromLinear: take(4096),
    desks: Array.from({ length: threads }, desk),
    byteLength: next,
  };
}

/** Where both pictures' interleaved sRGB samples lie until the first frame is painted: at the first desk, where it has its sums later. */
export function samplesOf({ desks: [desk] }: RenderLayout): readonly [number, number] {
  if (desk === undefined) throw new Error('A layout has at least one desk');
  return desk.sums;
}

/** Four places, `bytes` apart. */
function inRow(at: number, bytes: number): [number, number, number, number] {
  return [at, at + bytes, at + 2 * bytes, at + 3 * bytes];
}
