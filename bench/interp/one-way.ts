import type { RgbPicture } from '../../packages/renderer/src/index.ts';
import { loadAnalysisKernels } from '../../packages/renderer/src/motion/kernels/load.ts';
import { openSharedMemory } from '../../packages/renderer/src/motion/kernels/web-assembly.ts';
import { planMatch } from '../../packages/renderer/src/motion/match/match-layout.ts';
import type { Flow, Plane } from '../../packages/renderer/src/motion/raster/plane.ts';
import { halve, resize } from '../../packages/renderer/src/motion/raster/resample.ts';
import { bicubic } from '../../packages/renderer/src/motion/raster/sample.ts';
import { inverseSearch } from '../../packages/renderer/src/motion/search/inverse-search.ts';
import { Refiner } from '../../packages/renderer/src/motion/search/variational.ts';
import { grey } from './metrics.ts';

/**
 * The second anchor: plain one-way flow. Dense inverse search from first to last at half size (OpenCV's `medium`
 * preset stops there too), carried to the time asked for, both pictures gathered along it and mixed by time. No matcher,
 * no backward flow, no confidence.
 */
export function openOneWay(first: RgbPicture, last: RgbPicture): (s: number) => RgbPicture {
  const { width, height } = first;
  const flow = findFlow(first, last);
  const ends = [channelsOf(first), channelsOf(last)] as const;
  return (s) => {
    const carried = carry(flow, s);
    const data = new Uint8Array(width * height * 3);
    for (let y = 0, i = 0; y < height; y++) {
      for (let x = 0; x < width; x++, i++) {
        const u = carried.u[i]!;
        const v = carried.v[i]!;
        for (let channel = 0; channel < 3; channel++) {
          const a = bicubic(ends[0][channel]!, width, height, x - s * u, y - s * v);
          const b = bicubic(ends[1][channel]!, width, height, x + (1 - s) * u, y + (1 - s) * v);
          data[3 * i + channel] = Math.min(255, Math.max(0, Math.round((1 - s) * a + s * b)));
        }
      }
    }
    return { width, height, data };
  };
}

function findFlow(first: RgbPicture, last: RgbPicture): Flow {
  const { width, height } = first;
  const half = (picture: RgbPicture): Plane => halve({ width, height, data: grey(picture) });
  const [from, to] = [half(first), half(last)];
  // A match layout holds a workspace for refinement; nothing else of it is used.
  const plan = planMatch(from.width, from.height);
  const memory = openSharedMemory(plan.byteLength);
  const refiner = new Refiner(loadAnalysisKernels(memory), memory.buffer, plan.workspaces[0]);
  const small = inverseSearch(from, to, refiner);
  const enlarge = (data: Float32Array): Float32Array =>
    resize({ width: from.width, height: from.height, data }, width, height, 2).data;
  return { width, height, u: enlarge(small.u), v: enlarge(small.v) };
}

/** The flow as seen at time `s`: each vector goes where its sample has got to; holes take the flow that is there. */
function carry(flow: Flow, s: number): Flow {
  const { width, height } = flow;
  const u = new Float32Array(width * height);
  const v = new Float32Array(width * height);
  const weights = new Float32Array(width * height);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const toX = x + s * flow.u[i]!;
      const toY = y + s * flow.v[i]!;
      const left = Math.floor(toX);
      const top = Math.floor(toY);
      for (let corner = 0; corner < 4; corner++) {
        const cx = left + (corner & 1);
        const cy = top + (corner >> 1);
        if (cx < 0 || cy < 0 || cx >= width || cy >= height) continue;
        const weight = (1 - Math.abs(toX - cx)) * (1 - Math.abs(toY - cy));
        const at = cy * width + cx;
        u[at]! += weight * flow.u[i]!;
        v[at]! += weight * flow.v[i]!;
        weights[at]! += weight;
      }
    }
  }
  for (let i = 0; i < weights.length; i++) {
    const isHole = weights[i]! < 1e-3;
    u[i] = isHole ? flow.u[i]! : u[i]! / weights[i]!;
    v[i] = isHole ? flow.v[i]! : v[i]! / weights[i]!;
  }
  return { width, height, u, v };
}

function channelsOf({ data }: RgbPicture): Float32Array[] {
  return [0, 1, 2].map((channel) => Float32Array.from({ length: data.length / 3 }, (_, i) => data[3 * i + channel]!));
}
