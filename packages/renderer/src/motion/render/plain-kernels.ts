import { chroma } from './chroma.ts';
import { combine } from './combine.ts';
import { chromaCrossed } from './crossed-chroma.ts';
import { combineCrossed } from './crossed-combine.ts';
import { lumaCrossed } from './crossed-luma.ts';
import type { FrameKernels } from './kernels.ts';
import { luma } from './luma.ts';
import { mix } from './mix.ts';
import { resolve } from './resolve.ts';
import { splat } from './splat.ts';

/** The plain TypeScript kernels over a memory: oracle of the WebAssembly ones, and fallback where those cannot run. */
export function plainKernels(buffer: ArrayBufferLike): FrameKernels {
  return {
    splat: (...places) => splat(buffer, ...places),
    resolve: (...places) => resolve(buffer, ...places),
    combine: (width, height, firstSums, lastSums, firstMatrix, lastMatrix, s, fields) =>
      combine(buffer, width, height, firstSums, lastSums, firstMatrix, lastMatrix, s, fields),
    luma: (width, height, first, last, fields, _rows, weights, firstGain, firstOffset, lastGain, lastOffset, out) =>
      luma(buffer, width, height, first, last, fields, weights, firstGain, firstOffset, lastGain, lastOffset, out),
    chroma: (width, height, first, last, fields, _rows, weights, tones, out) =>
      chroma(buffer, width, height, first, last, fields, weights, tones, out),
    combineCrossed: (...places) => combineCrossed(buffer, ...places),
    lumaCrossed: (
      width,
      height,
      first,
      last,
      fields,
      _rows,
      weights,
      firstGain,
      firstOffset,
      lastGain,
      lastOffset,
      out,
    ) =>
      lumaCrossed(
        buffer,
        width,
        height,
        first,
        last,
        fields,
        weights,
        firstGain,
        firstOffset,
        lastGain,
        lastOffset,
        out,
      ),
    chromaCrossed: (width, height, first, last, fields, _rows, weights, tones, out) =>
      chromaCrossed(buffer, width, height, first, last, fields, weights, tones, out),
    mix: (width, height, first, last, share, toLinear, fromLinear, out) =>
      mix(buffer, width, height, first, last, share, toLinear, fromLinear, out),
  };
}
