import { describe, expect, it } from 'vitest';
import { edgeDistances } from '../raster/domain-transform.ts';
import { type ColourPlanes, emptyFlow, emptyPlane, type Flow } from '../raster/plane.ts';
import { photograph, texturedScene } from '../testing/pictures.ts';
import { chooseFlow } from './choose.ts';
import { comparable } from './match-error.ts';
import { regularise } from './regularise.ts';

const WIDTH = 96;
const HEIGHT = 96;
const SHIFT = 30;

/** A textured picture that has moved down by `shift` samples. */
function movedDown(shift: number): ColourPlanes {
  const { data } = photograph(texturedScene(1), WIDTH, HEIGHT, (x, y) => [x, y - shift]);
  const channel = (n: number): Float32Array =>
    Float32Array.from({ length: WIDTH * HEIGHT }, (_, i) => data[3 * i + n]!);
  return { width: WIDTH, height: HEIGHT, luma: channel(0), blue: channel(1), red: channel(2) };
}

function flowOf(v: (y: number) => number): Flow {
  const flow = emptyFlow(WIDTH, HEIGHT);
  for (let i = 0; i < flow.v.length; i++) flow.v[i] = v(Math.floor(i / WIDTH));
  return flow;
}

/** Column 48 of a plane, every eighth sample. */
function down(data: Float32Array): number[] {
  return Array.from({ length: HEIGHT / 8 }, (_, n) => data[8 * n * WIDTH + 48]!);
}

describe('what leaves the picture', () => {
  it('is left to the candidate that leads out of it when that fits everywhere else', () => {
    const leads = flowOf(() => SHIFT);
    // The other candidate stays in the picture, on something else.
    const stays = flowOf((y) => (y < HEIGHT - SHIFT ? SHIFT : -40));
    const back = [flowOf(() => -SHIFT)];
    const { v } = chooseFlow(comparable(movedDown(0)), comparable(movedDown(SHIFT)), [stays, leads], back);
    expect(new Set(down(v))).toEqual(new Set([SHIFT]));
  });

  it('moves with, and is trusted as, what stays in it', () => {
    const trust = emptyPlane(WIDTH, HEIGHT);
    const outside = new Uint8Array(WIDTH * HEIGHT);
    const kept = new Float32Array(WIDTH * HEIGHT);
    const stays = WIDTH * (HEIGHT - SHIFT);
    trust.data.fill(0.8, 0, stays);
    kept.fill(1, 0, stays);
    outside.fill(1, stays);
    const flat = { width: WIDTH, height: HEIGHT, luma: kept, blue: kept, red: kept };
    const found = regularise(
      flowOf((y) => (y < HEIGHT - SHIFT ? SHIFT : 5)),
      { trust, outside },
      kept,
      edgeDistances(flat),
      null,
    );
    for (const v of down(found.residual.v)) expect(v).toBeCloseTo(SHIFT, 0);
    for (const z of down(found.trust.data)) expect(z).toBeGreaterThan(0.7);
  });
});
