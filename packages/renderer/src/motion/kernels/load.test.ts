import { describe, expect, it } from 'vitest';
import { invert } from '../camera/homography.ts';
import { describeBytes, describeDensely } from '../match/dense-descriptor.ts';
import { DESCRIPTOR_BYTES } from '../match/describe-kernels.ts';
import { planMatch } from '../match/match-layout.ts';
import { matchSeeds } from '../match/match-seeds.ts';
import { plainDescribe } from '../match/plain-describe.ts';
import { plainMatch } from '../match/plain-match.ts';
import { seededRandom } from '../random.ts';
import { endFrame } from '../render/end-frame.ts';
import { toI420 } from '../render/i420.ts';
import type { FrameKernels } from '../render/kernels.ts';
import { planMemory, samplesOf } from '../render/layout.ts';
import { plainKernels } from '../render/plain-kernels.ts';
import { plainPicture } from '../render/plain-picture.ts';
import { writeTables } from '../render/tables.ts';
import { descendBytes } from '../search/descend-kernels.ts';
import { plainDescend } from '../search/plain-descend.ts';
import { plainRefine } from '../search/plain-refine.ts';
import { refineBytes, refinePlaces } from '../search/refine-kernels.ts';
import { loadAnalysisKernels, loadFrameKernels, loadPictureKernels } from './load.ts';
import { openSharedMemory, type SharedMemory } from './web-assembly.ts';

const WIDTH = 70;
const HEIGHT = 46;
const W2 = WIDTH / 2;
const H2 = HEIGHT / 2;
const layout = planMemory(WIDTH, HEIGHT, 1);
const desk = layout.desks[0] as NonNullable<(typeof layout.desks)[0]>;

/** A memory with pictures, a motion with an edge and holes, and the matrices of a small zoom. */
function renderMemory(): SharedMemory {
  const memory = openSharedMemory(layout.byteLength);
  const random = seededRandom(4);
  writeTables(memory.buffer, layout);
  new Uint8Array(memory.buffer, layout.pictures[0].luma, layout.motion[0].u - layout.pictures[0].luma).forEach(
    (_, i, all) => {
      all[i] = 128 + 100 * Math.sin(i / 9) + 20 * random();
    },
  );
  for (const field of layout.motion) {
    const fill = (at: number, value: (x: number, y: number) => number): void =>
      new Float32Array(memory.buffer, at, W2 * H2).forEach((_, i, all) => {
        all[i] = value(i % W2, Math.floor(i / W2));
      });
    fill(field.u, (x) => (x > 17 ? 6.3 : -2.1));
    fill(field.v, (x, y) => 2 * Math.sin(x / 5 + y / 7));
    fill(field.z, () => random());
    // Samples that are torn off are carried by neither.
    new Float32Array(memory.buffer, field.u, W2 * H2).fill(Number.NaN, 3 * W2 + 4, 3 * W2 + 13);
  }
  new Float32Array(memory.buffer, desk.tones, 8).set([1, 2, 0.8, 0, 1.1, -3, 0.9, 4]);
  new Float32Array(memory.buffer, desk.matrices[0], 9).set([1.1, 0.02, -1, -0.02, 1.1, -2, 1e-4, 2e-4, 1]);
  new Float32Array(memory.buffer, desk.matrices[1], 9).set([0.93, -0.01, 1, 0.01, 0.93, 1, 0, 0, 1]);
  return memory;
}

function runFrame(kernels: FrameKernels): void {
  for (const side of [0, 1] as const) {
    const { u, v, z } = layout.motion[side];
    kernels.splat(W2, H2, u, v, z, desk.matrices[side], 0.4, 2, 1, desk.sums[side]);
    kernels.resolve(W2, H2, 2, 1, desk.sums[side], desk.pyramid);
  }
  kernels.combine(W2, H2, desk.sums[0], desk.sums[1], desk.matrices[0], desk.matrices[1], 0.4, desk.fields);
}

function floats(memory: SharedMemory, at: number, count: number): Float32Array {
  return new Float32Array(memory.buffer, at, count);
}

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < a.length; i++) largest = Math.max(largest, Math.abs((a[i] ?? 0) - (b[i] ?? 0)));
  return largest;
}

describe('frame kernels', () => {
  const fast = renderMemory();
  const plain = renderMemory();
  const wasm = loadFrameKernels(fast);
  const twin = plainKernels(plain.buffer);
  runFrame(wasm);
  runFrame(twin);

  it('carry motion like their twins', () => {
    expect(
      largestDifference(floats(fast, desk.fields, 5 * W2 * H2), floats(plain, desk.fields, 5 * W2 * H2)),
    ).toBeLessThan(0.01);
  });

  it('gather pictures like their twins, to one grey step', () => {
    // The same fields on both sides: this test is about the reading.
    floats(plain, desk.fields, 5 * W2 * H2).set(floats(fast, desk.fields, 5 * W2 * H2));
    const [first, last] = layout.pictures;
    for (const [kernels, memory] of [
      [wasm, fast],
      [twin, plain],
    ] as const) {
      expect(memory.buffer.byteLength).toBeGreaterThan(0);
      kernels.luma(
        WIDTH,
        HEIGHT,
        first.luma,
        last.luma,
        desk.fields,
        desk.rows,
        layout.weights,
        1.1,
        -3,
        0.9,
        4,
        desk.frame,
      );
      const colour = desk.frame + WIDTH * HEIGHT;
      kernels.chroma(W2, H2, first.colour, last.colour, desk.fields, desk.rows, layout.weights, desk.tones, colour);
    }
    const bytes = (memory: SharedMemory): Uint8Array =>
      new Uint8Array(memory.buffer, desk.frame, (WIDTH * HEIGHT * 3) / 2);
    expect(largestDifference(bytes(fast), bytes(plain))).toBeLessThanOrEqual(1);
    expect(new Set(bytes(fast)).size).toBeGreaterThan(50);
  });

  it('gather places that follow each other like their twins, to one grey step', () => {
    const [first, last] = layout.pictures;
    const frames = [
      [wasm, fast],
      [twin, plain],
    ].map(([kernels, memory]) => {
      const { luma, chroma } = kernels as FrameKernels;
      const { fields, rows, tones, frame } = desk;
      const motion = floats(memory as SharedMemory, fields, 5 * W2 * H2);
      // One motion for all, part of it across the borders.
      [0.3, -2.45, 7.1, 1.2, 0.4].forEach((value, plane) => {
        motion.fill(value, plane * W2 * H2, (plane + 1) * W2 * H2);
      });
      luma(WIDTH, HEIGHT, first.luma, last.luma, fields, rows, layout.weights, 1.1, -3, 0.9, 4, frame);
      chroma(W2, H2, first.colour, last.colour, fields, rows, layout.weights, tones, frame + WIDTH * HEIGHT);
      return new Uint8Array((memory as SharedMemory).buffer, frame, (WIDTH * HEIGHT * 3) / 2).slice();
    });
    expect(largestDifference(frames[0] ?? [], frames[1] ?? [])).toBeLessThanOrEqual(1);
    expect(new Set(frames[0]).size).toBeGreaterThan(50);
  });

  it('read both pictures along both motions like their twins', () => {
    const [first, last] = layout.pictures;
    const maps = [
      [1.1, 0.02, -1, -0.02, 1.1, -2, 1e-4, 2e-4, 1],
      [0.93, -0.01, 1, 0.01, 0.93, 1, 0, 0, 1],
      [1.2, 0, 3, 0, 1.2, -2, 0, 0, 1],
    ];
    const matrices = [...maps, invert(maps[2] ?? [])].flat();
    for (const memory of [fast, plain]) floats(memory, desk.matrices[0], 40).set([...matrices, 0.9, 0.2, 0.5, 0.05]);
    floats(plain, desk.sums[0], 4 * W2 * H2).set(floats(fast, desk.sums[0], 4 * W2 * H2));
    floats(plain, desk.sums[1], 4 * W2 * H2).set(floats(fast, desk.sums[1], 4 * W2 * H2));
    const combine = (kernels: FrameKernels): void =>
      kernels.combineCrossed(
        W2,
        H2,
        desk.sums[0],
        desk.sums[1],
        desk.matrices[0],
        0.4,
        first.half,
        last.half,
        1.1,
        -3,
        0.9,
        4,
        desk.fields,
      );
    combine(wasm);
    combine(twin);
    const fields = floats(fast, desk.fields, 11 * W2 * H2);
    expect(largestDifference(fields, floats(plain, desk.fields, 11 * W2 * H2))).toBeLessThan(0.01);
    expect(new Set(fields.subarray(8 * W2 * H2)).size).toBeGreaterThan(500);
    floats(plain, desk.fields, 11 * W2 * H2).set(fields);
    for (const kernels of [wasm, twin]) {
      const { frame, rows } = desk;
      const tones = [1.1, -3, 0.9, 4] as const;
      kernels.lumaCrossed(WIDTH, HEIGHT, first.luma, last.luma, desk.fields, rows, layout.weights, ...tones, frame);
      const colour = frame + WIDTH * HEIGHT;
      const { fields, tones: colourTones } = desk;
      kernels.chromaCrossed(W2, H2, first.colour, last.colour, fields, rows, layout.weights, colourTones, colour);
    }
    const bytes = (memory: SharedMemory): Uint8Array =>
      new Uint8Array(memory.buffer, desk.frame, (WIDTH * HEIGHT * 3) / 2);
    expect(largestDifference(bytes(fast), bytes(plain))).toBeLessThanOrEqual(1);
    expect(new Set(bytes(fast)).size).toBeGreaterThan(50);
  });

  it('mix in linear light like their twin', () => {
    for (const [kernels, memory] of [
      [wasm, fast],
      [twin, plain],
    ] as const) {
      for (const layer of desk.layers) {
        new Uint8Array(memory.buffer, layer, (WIDTH * HEIGHT * 3) / 2).forEach((_, i, all) => {
          all[i] = (i * 7 + layer) & 255;
        });
      }
      kernels.mix(WIDTH, HEIGHT, desk.layers[0], desk.layers[1], 0.3, layout.toLinear, layout.fromLinear, desk.frame);
    }
    const bytes = (memory: SharedMemory): Uint8Array =>
      new Uint8Array(memory.buffer, desk.frame, (WIDTH * HEIGHT * 3) / 2);
    expect(largestDifference(bytes(fast), bytes(plain))).toBeLessThanOrEqual(1);
  });
});

describe('picture kernels', () => {
  const memories = [openSharedMemory(layout.byteLength), openSharedMemory(layout.byteLength)] as const;
  const kernels = [loadPictureKernels(memories[0]), plainPicture(memories[1].buffer)] as const;
  const random = seededRandom(6);
  // Waves, and noise of every strength: all bytes, and edges that overshoot.
  const rgb = Uint8Array.from({ length: WIDTH * HEIGHT * 3 }, (_, i) => {
    const x = Math.floor(i / 3) % WIDTH;
    return Math.min(255, Math.max(0, 128 + 100 * Math.sin(i / 17) + x * 4 * (random() - 0.5)));
  });
  const bytesOf = (memory: SharedMemory, at: number, count: number): Buffer =>
    Buffer.from(new Uint8Array(memory.buffer, at, count));
  for (const memory of memories) new Uint8Array(memory.buffer, samplesOf(layout)[0], rgb.length).set(rgb);

  it('fill the planes of a picture exactly like their twin', () => {
    const { luma, half, colour } = layout.pictures[0];
    for (const { split } of kernels) {
      split(WIDTH, HEIGHT, samplesOf(layout)[0], luma, half, colour, desk.fields, desk.rows);
    }
    const count = layout.pictures[1].luma - luma;
    expect(bytesOf(memories[0], luma, count).equals(bytesOf(memories[1], luma, count))).toBe(true);
    expect(new Set(bytesOf(memories[0], luma, count)).size).toBeGreaterThan(200);
    // What 4:2:0 samples is among them.
    const frame = new Uint8Array((WIDTH * HEIGHT * 3) / 2);
    toI420({ width: WIDTH, height: HEIGHT, data: rgb }, frame);
    expect(Buffer.compare(endFrame(memories[0].buffer, layout, 0), frame)).toBe(0);
  });

  it.each([1, 2])('average %d × %d samples exactly like their twin', (factor) => {
    const size = (WIDTH / factor) * (HEIGHT / factor);
    for (const { average } of kernels) {
      const at = desk.fields;
      average(WIDTH, HEIGHT, samplesOf(layout)[0], factor, at, at + 4 * size, at + 8 * size);
    }
    const [a, b] = memories.map((memory) => Array.from(floats(memory, desk.fields, 3 * size)));
    expect(a).toEqual(b);
    expect(new Set(a).size).toBeGreaterThan(size);
  });
});

describe('analysis kernels', () => {
  it('match seeds exactly like their twin', () => {
    const plan = planMatch(96, 72);
    const memories = [openSharedMemory(plan.byteLength), openSharedMemory(plan.byteLength)] as const;
    for (const memory of memories) {
      const random = seededRandom(8);
      for (const level of plan.levels) {
        const bytes = level.width * level.height * DESCRIPTOR_BYTES;
        for (const at of level.descriptors) {
          new Uint8Array(memory.buffer, at, bytes).forEach((_, i, all) => {
            all[i] = 256 * random();
          });
        }
      }
    }
    matchSeeds(loadAnalysisKernels(memories[0]), memories[0].buffer, plan, 0);
    matchSeeds(plainMatch(memories[1].buffer), memories[1].buffer, plan, 0);
    const count = plan.columns * plan.rows;
    for (const at of [plan.seeds[0].u, plan.seeds[0].v, plan.seeds[0].cost]) {
      const [a, b] = memories.map((memory) => Array.from(new Int32Array(memory.buffer, at, count)));
      expect(a).toEqual(b);
    }
  });

  it('seek lost places exactly like their twin', () => {
    const [width, height, count] = [24, 20, 60];
    const bytes = width * height * DESCRIPTOR_BYTES;
    const [from, to, starts, ends, out] = [1024, 1024 + bytes, 1024 + 2 * bytes, 2048 + 2 * bytes, 3072 + 2 * bytes];
    const found = [0, 1].map((which) => {
      const memory = openSharedMemory(out + 4 * count);
      const random = seededRandom(4);
      const somewhere = (): number => Math.floor(width * height * random());
      new Uint8Array(memory.buffer, from, 2 * bytes).forEach((_, i, all) => {
        all[i] = 256 * random();
      });
      for (const at of [starts, ends, out])
        new Int32Array(memory.buffer, at, count).forEach((_, i, all) => {
          all[i] = somewhere();
        });
      // Some places show in both pictures.
      const places = new Int32Array(memory.buffer, starts, count);
      const partners = new Int32Array(memory.buffer, ends, count);
      const all = new Uint8Array(memory.buffer);
      for (let i = 0; i < count; i += 2) {
        const at = from + places[i]! * DESCRIPTOR_BYTES;
        all.copyWithin(to + partners[i]! * DESCRIPTOR_BYTES, at, at + DESCRIPTOR_BYTES);
      }
      const kernels = which === 0 ? loadAnalysisKernels(memory) : plainMatch(memory.buffer);
      const guesses = Array.from(new Int32Array(memory.buffer, out, count));
      kernels.seek(from, starts, count, to, ends, count, width, out);
      return { guesses, found: Array.from(new Int32Array(memory.buffer, out, count)) };
    });
    expect(found[0]).toEqual(found[1]);
    expect(found[0]?.found).not.toEqual(found[0]?.guesses);
  });

  it('describe samples like their twin, to one step', () => {
    const width = 29;
    const height = 23;
    const bytes = describeBytes(width, height);
    const luma = { width, height, data: Float32Array.from({ length: width * height }, (_, i) => 99 * Math.sin(i * i)) };
    const results = [0, 1].map((which) => {
      const memory = openSharedMemory(1024 + bytes + width * height * DESCRIPTOR_BYTES);
      const kernels = which === 0 ? loadAnalysisKernels(memory) : plainDescribe(memory.buffer);
      describeDensely(kernels, memory.buffer, 1024, luma, 1024 + bytes);
      return new Uint8Array(memory.buffer, 1024 + bytes, width * height * DESCRIPTOR_BYTES);
    });
    expect(largestDifference(results[0] ?? [], results[1] ?? [])).toBeLessThanOrEqual(1);
    expect(new Set(results[0]).size).toBeGreaterThan(50);
  });

  it.each([
    [37, 21],
    [40, 18],
    [11, 9],
  ])('refine flow of %d × %d samples like their twin', (width, height) => {
    const places = refinePlaces(width, height, 1024);
    const results = [0, 1].map((which) => {
      const memory = openSharedMemory(1024 + refineBytes(width, height));
      const random = seededRandom(2);
      const fill = (at: number, value: (x: number, y: number) => number): void =>
        floats(memory, at, width * height).forEach((_, i, all) => {
          all[i] = value(i % width, Math.floor(i / width));
        });
      fill(places.from, (x, y) => 120 + 60 * Math.sin(x / 3 + y / 5) + 4 * random());
      fill(places.to, (x, y) => 120 + 60 * Math.sin((x - 1.5) / 3 + (y + 1) / 5) + 4 * random());
      // Some of it points out of the picture.
      fill(places.u, () => 8 * random() - 3);
      fill(places.v, () => 6 * random() - 4);
      const kernels = which === 0 ? loadAnalysisKernels(memory) : plainRefine(memory.buffer);
      kernels.refine(width, height, 1024, 2, 3);
      return [...floats(memory, places.u, width * height), ...floats(memory, places.v, width * height)];
    });
    expect(largestDifference(results[0] ?? [], results[1] ?? [])).toBeLessThan(0.005);
    expect(Math.max(...(results[0] ?? []).map(Math.abs))).toBeGreaterThan(0.1);
  });

  it.each([
    [70, 46],
    [37, 21],
    [16, 16],
  ])('find patches of %d × %d samples like their twin', (width, height) => {
    const bytes = 4 * width * height + 64;
    const [from, to, u, v, scratch] = [1, 2, 3, 4, 5].map((n) => n * bytes) as [number, number, number, number, number];
    const results = [0, 1].map((which) => {
      const memory = openSharedMemory(scratch + descendBytes(width, height));
      const shade = (x: number, y: number): number => 120 + 60 * Math.sin(x / 3 + y / 5) + 30 * Math.cos(x / 7 - y / 2);
      floats(memory, from, width * height).forEach((_, i, all) => {
        all[i] = shade(i % width, Math.floor(i / width));
      });
      floats(memory, to, width * height).forEach((_, i, all) => {
        all[i] = shade((i % width) - 1.3, Math.floor(i / width) + 0.8);
      });
      // One start far outside the picture.
      floats(memory, u, width * height)
        .fill(0.5)
        .fill(-60, 0, 3 * width);
      const kernels = which === 0 ? loadAnalysisKernels(memory) : plainDescend(memory.buffer);
      kernels.descend(width, height, from, to, u, v, scratch);
      return [...floats(memory, u, width * height), ...floats(memory, v, width * height)];
    });
    expect(largestDifference(results[0] ?? [], results[1] ?? [])).toBeLessThan(0.02);
    const middle = (height >> 1) * width + (width >> 1);
    expect(results[0]?.[middle]).toBeCloseTo(1.3, 1);
    expect(results[0]?.[width * height + middle]).toBeCloseTo(-0.8, 1);
  });
});
