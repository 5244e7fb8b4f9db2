import { describe, expect, it } from 'vitest';
import { emptyFlow, type Flow } from '../raster/plane.ts';
import { dropTorn } from './torn.ts';

const WIDTH = 40;
const HEIGHT = 12;

function flowOf(u: (x: number, y: number) => number, v: (x: number, y: number) => number = () => 0): Flow {
  const flow = emptyFlow(WIDTH, HEIGHT);
  for (let i = 0; i < flow.u.length; i++) {
    flow.u[i] = u(i % WIDTH, Math.floor(i / WIDTH));
    flow.v[i] = v(i % WIDTH, Math.floor(i / WIDTH));
  }
  return flow;
}

/** The columns, or rows, of which a sample is dropped. */
function dropped({ u }: Flow, of: 'columns' | 'rows'): number[] {
  const found = new Set<number>();
  u.forEach((value, i) => {
    if (Number.isNaN(value)) found.add(of === 'columns' ? i % WIDTH : Math.floor(i / WIDTH));
  });
  return [...found];
}

describe('dropTorn', () => {
  it('drops what lies between two motions, and keeps both', () => {
    const flow = flowOf((x) => 10 * Math.min(4, Math.max(0, x - 18)));
    dropTorn(flow);
    expect(dropped(flow, 'columns')).toEqual([19, 20, 21]);
    expect([flow.u[17], flow.u[22]]).toEqual([0, 40]);
  });

  it('finds what parts downwards, too', () => {
    const flow = flowOf(
      () => 0,
      (_, y) => 10 * Math.min(3, Math.max(0, y - 5)),
    );
    dropTorn(flow);
    expect(dropped(flow, 'rows')).toEqual([6, 7]);
  });

  it.each([
    ['a sharp edge', flowOf((x) => (x < 20 ? 0 : 90))],
    ['an edge of two samples', flowOf((x) => (x < 20 ? 0 : x < 22 ? 45 : 90))],
    [
      'a zoom to twice the size',
      flowOf(
        (x) => x,
        (_, y) => y,
      ),
    ],
    [
      'a turn',
      flowOf(
        (_, y) => -1.5 * y,
        (x) => 1.5 * x,
      ),
    ],
  ])('keeps %s whole', (_, flow) => {
    const before = [Float32Array.from(flow.u), Float32Array.from(flow.v)];
    dropTorn(flow);
    expect([flow.u, flow.v]).toEqual(before);
  });
});
