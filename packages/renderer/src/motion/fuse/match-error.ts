import { type Gradient, gradient } from '../raster/gradient.ts';
import { type ColourPlanes, type Flow, lumaOf } from '../raster/plane.ts';
import { bilinear } from '../raster/sample.ts';

/** No single sample may be worse than this (0..255 steps): a wrong pixel is wrong, however bright. */
const WORST = 40;
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

/** How badly `to`, read along the flow, resembles `from`: colour + slope per sample, 0..68, beyond the frame 40. */
export function matchError(from: ComparedPicture, to: ComparedPicture, flow: Flow): Float32Array {
  const { width, height } = flow;
  const out = new Float32Array(width * height);
  const a = from.colours;
  const b = to.colours;
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const tx = x + flow.u[i]!;
      const ty = y + flow.v[i]!;
      if (tx < -1 || ty < -1 || tx > width || ty > height) {
        out[i] = WORST;
        continue;
      }
      const luma = Math.abs(bilinear(b.luma, width, height, tx, ty) - a.luma[i]!);
      const blue = Math.abs(bilinear(b.blue, width, height, tx, ty) - a.blue[i]!);
      const red = Math.abs(bilinear(b.red, width, height, tx, ty) - a.red[i]!);
      const slopeX = Math.abs(bilinear(to.slope.x.data, width, height, tx, ty) - from.slope.x.data[i]!);
      const slopeY = Math.abs(bilinear(to.slope.y.data, width, height, tx, ty) - from.slope.y.data[i]!);
      out[i] = Math.min(WORST, luma + 0.5 * (blue + red)) + SLOPE_WEIGHT * Math.min(WORST, 2 * (slopeX + slopeY));
    }
  }
  return out;
}

/** |flow(p) + back(p + flow(p))| in samples: how far a round trip misses its start. */
export function roundTrip(flow: Flow, back: Flow): Float32Array {
  const { width, height } = flow;
  const out = new Float32Array(width * height);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const tx = x + flow.u[i]!;
      const ty = y + flow.v[i]!;
      const u = flow.u[i]! + bilinear(back.u, width, height, tx, ty);
      const v = flow.v[i]! + bilinear(back.v, width, height, tx, ty);
      out[i] = Math.sqrt(u * u + v * v);
    }
  }
  return out;
}
