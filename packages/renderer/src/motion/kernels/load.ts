import type { DescribeKernels } from '../match/describe-kernels.ts';
import type { MatchKernels } from '../match/match-kernels.ts';
import { plainDescribe } from '../match/plain-describe.ts';
import { plainMatch } from '../match/plain-match.ts';
import type { FrameKernels } from '../render/kernels.ts';
import type { PictureKernels } from '../render/picture-kernels.ts';
import { plainKernels } from '../render/plain-kernels.ts';
import { plainPicture } from '../render/plain-picture.ts';
import type { DescendKernels } from '../search/descend-kernels.ts';
import { plainDescend } from '../search/plain-descend.ts';
import { plainRefine } from '../search/plain-refine.ts';
import type { RefineKernels } from '../search/refine-kernels.ts';
import { loadKernel, type SharedMemory } from './web-assembly.ts';

/** The frame kernels over a shared memory; plain TypeScript where WebAssembly SIMD is missing. */
export function loadFrameKernels(memory: SharedMemory): FrameKernels {
  const carry = loadKernel('frame', memory) as Pick<FrameKernels, 'splat' | 'resolve' | 'combine' | 'mix'> | null;
  const gather = loadKernel('gather', memory) as Pick<FrameKernels, 'luma' | 'chroma'> | null;
  const crossed = loadKernel('crossed', memory) as Pick<
    FrameKernels,
    'combineCrossed' | 'lumaCrossed' | 'chromaCrossed'
  > | null;
  if (carry === null || gather === null || crossed === null) return plainKernels(memory.buffer);
  return {
    splat: carry.splat,
    resolve: carry.resolve,
    combine: carry.combine,
    mix: carry.mix,
    luma: gather.luma,
    chroma: gather.chroma,
    combineCrossed: crossed.combineCrossed,
    lumaCrossed: crossed.lumaCrossed,
    chromaCrossed: crossed.chromaCrossed,
  };
}

/** The kernels that prepare a key picture in a render memory; plain TypeScript where WebAssembly SIMD is missing. */
export function loadPictureKernels(memory: SharedMemory): PictureKernels {
  return (loadKernel('picture', memory) as PictureKernels | null) ?? plainPicture(memory.buffer);
}

/** Everything the analysis calls in its inner loops. */
export type AnalysisKernels = MatchKernels & RefineKernels & DescendKernels & DescribeKernels;

/** The kernels of the analysis over a shared memory; plain TypeScript where WebAssembly SIMD is missing. */
export function loadAnalysisKernels(memory: SharedMemory): AnalysisKernels {
  const match = (loadKernel('match', memory) as MatchKernels | null) ?? plainMatch(memory.buffer);
  const refine = (loadKernel('refine', memory) as RefineKernels | null) ?? plainRefine(memory.buffer);
  const descend = (loadKernel('descend', memory) as DescendKernels | null) ?? plainDescend(memory.buffer);
  const describe = (loadKernel('describe', memory) as DescribeKernels | null) ?? plainDescribe(memory.buffer);
  return {
    exhaustive: match.exhaustive,
    improve: match.improve,
    seek: match.seek,
    nearest: match.nearest,
    refine: refine.refine,
    descend: descend.descend,
    describe: describe.describe,
  };
}
