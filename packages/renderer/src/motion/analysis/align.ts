import { type Homography, project } from '../camera/homography.ts';
import type { ColourPlanes, Flow } from '../raster/plane.ts';
import { bicubic, bilinear } from '../raster/sample.ts';

/** Writes `source` as the first picture's camera would see it: out(p) = source(camera(p)). */
export function alignPicture(source: ColourPlanes, camera: Homography | null, out: ColourPlanes): void {
  if (camera === null) {
    out.luma.set(source.luma);
    out.blue.set(source.blue);
    out.red.set(source.red);
    return;
  }
  const { width, height } = source;
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const p = project(camera, x, y);
      out.luma[i] = bicubic(source.luma, width, height, p.x, p.y);
      out.blue[i] = bilinear(source.blue, width, height, p.x, p.y);
      out.red[i] = bilinear(source.red, width, height, p.x, p.y);
    }
  }
}

/**
 * Expresses the last picture's motion, found in the aligned raster, in its own raster: sample q of the last picture
 * shows what inverse(q + residual(q)) of the first shows. `kept` follows. Outside the aligned raster nothing is known.
 */
export function settleFlow(flow: Flow, kept: Float32Array, camera: Homography, inverse: Homography): void {
  const { width, height } = flow;
  const u = flow.u.slice();
  const v = flow.v.slice();
  const known = kept.slice();
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const at = project(inverse, x, y);
      const partnerX = at.x + bilinear(u, width, height, at.x, at.y);
      const partnerY = at.y + bilinear(v, width, height, at.x, at.y);
      const back = project(camera, partnerX, partnerY);
      const isSane = Math.abs(back.x - x) < 2 * width && Math.abs(back.y - y) < 2 * height;
      flow.u[i] = isSane ? back.x - x : 0;
      flow.v[i] = isSane ? back.y - y : 0;
      const inside = at.x >= 0 && at.y >= 0 && at.x <= width - 1 && at.y <= height - 1;
      kept[i] = inside ? bilinear(known, width, height, at.x, at.y) : 0;
    }
  }
}
