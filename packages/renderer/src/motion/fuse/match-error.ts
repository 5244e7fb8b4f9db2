import { type Gradient, gradient } from '../raster/gradient.ts';
import { rasterDesk } from '../raster/kernels.ts';
import { type ColourPlanes, type Flow, lumaOf } from '../raster/plane.ts';
import { Place } from '../raster/sample.ts';

/** No single sample may be worse than this (0..255 steps): a wrong pixel is wrong, however bright. */
export const WORST = 40;
/** What the error of a sample is said to be whose motion leaves the picture: there is nothing to compare. */
export const UNKNOWN = -1;
/** Weight of slope differences against colour differences. */
const SLOPE_WEIGHT = 0.7;

/** A picture with its luma slopes (Sobel-like scale ×4), for comparing flows. */
export interface ComparedPicture {
  readonly colours: ColourPlanes;
  readonly slope: Gradient;
}

export function comparable(colours: ColourPlanes): ComparedPicture {
  return { colours, slope: gradient(lumaOf(colours)) };
}

/** How badly `to`, read along the flow, resembles `from`: colour + slope per sample, 0..68, UNKNOWN beyond the frame. */
export function matchError(from: ComparedPicture, to: ComparedPicture, flow: Flow): Float32Array {
  const { width, height } = flow;
  const desk = rasterDesk(width, height);
  if (desk === null) return plainMatchError(from, to, flow);
  [...planesOf(from), ...planesOf(to), flow.u, flow.v].forEach((data, i) => {
    desk.plane(i).set(data);
  });
  const [a, second, b, u, v, out] = [0, 1, 5, 10, 11, 12].map(desk.place) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  desk.kernels.misfit(width, height, second - a, a, b, u, v, WORST, SLOPE_WEIGHT, UNKNOWN, out);
  return desk.plane(12).slice();
}

function planesOf({ colours, slope }: ComparedPicture): Float32Array[] {
  return [colours.luma, colours.blue, colours.red, slope.x.data, slope.y.data];
}

/** The same without a kernel. */
export function plainMatchError(from: ComparedPicture, to: ComparedPicture, flow: Flow): Float32Array {
  const { width, height } = flow;
  const out = new Float32Array(width * height);
  const place = new Place(width, height);
  const a = from.colours;
  const b = to.colours;
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const tx = x + flow.u[i]!;
      const ty = y + flow.v[i]!;
      if (tx < -1 || ty < -1 || tx > width || ty > height) {
        out[i] = UNKNOWN;
        continue;
      }
      place.aim(tx, ty);
      const luma = Math.abs(place.read(b.luma) - a.luma[i]!);
      const blue = Math.abs(place.read(b.blue) - a.blue[i]!);
      const red = Math.abs(place.read(b.red) - a.red[i]!);
      const slopeX = Math.abs(place.read(to.slope.x.data) - from.slope.x.data[i]!);
      const slopeY = Math.abs(place.read(to.slope.y.data) - from.slope.y.data[i]!);
      out[i] = Math.min(WORST, luma + 0.5 * (blue + red)) + SLOPE_WEIGHT * Math.min(WORST, 2 * (slopeX + slopeY));
    }
  }
  return out;
}

/** |flow(p) + back(p + flow(p))| in samples: how far a round trip misses its start. */
export function roundTrip(flow: Flow, back: Flow): Float32Array {
  const { width, height } = flow;
  const desk = rasterDesk(width, height);
  if (desk === null) return plainRoundTrip(flow, back);
  [flow.u, flow.v, back.u, back.v].forEach((data, i) => {
    desk.plane(i).set(data);
  });
  const [u, v, backU, backV, out] = [0, 1, 2, 3, 4].map(desk.place) as [number, number, number, number, number];
  desk.kernels.roundTrip(width, height, u, v, backU, backV, out);
  return desk.plane(4).slice();
}

/** The same without a kernel. */
export function plainRoundTrip(flow: Flow, back: Flow): Float32Array {
  const { width, height } = flow;
  const out = new Float32Array(width * height);
  const place = new Place(width, height);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const tx = x + flow.u[i]!;
      const ty = y + flow.v[i]!;
      place.aim(tx, ty);
      const u = flow.u[i]! + place.read(back.u);
      const v = flow.v[i]! + place.read(back.v);
      out[i] = Math.sqrt(u * u + v * v);
    }
  }
  return out;
}
