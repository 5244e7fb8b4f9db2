import { type Homography, project } from '../camera/homography.ts';
import { blur } from '../raster/gaussian.ts';
import { rasterDesk } from '../raster/kernels.ts';
import { type ColourPlanes, emptyPlane, type Flow, type Plane } from '../raster/plane.ts';
import { Place } from '../raster/sample.ts';

/** Scales of the colour difference (0..255 steps) and of the round-trip error (samples), the study's tuning. */
const COLOUR_SCALE = 12;
const TRIP_SCALE = 2;
const TRIP_PER_SAMPLE = 0.05;

/** One side's motion: sample p of this picture shows what camera(p + residual(p)) of the other picture shows. */
export interface SideMotion {
  readonly camera: Homography;
  readonly residual: Flow;
}

/** How far a motion can be believed. */
export interface Confidence {
  /** 0..1 per sample. */
  readonly trust: Plane;
  /** 1 where the motion leaves the frame, so that nothing speaks for it nor against it. */
  readonly outside: ArrayLike<number>;
}

/**
 * Confidence 0..1 per sample that the two pictures show the same thing along the motion: their colours agree and the
 * way back leads home. A tenth of it where the motion leaves the frame.
 */
export function confidence(from: ColourPlanes, to: ColourPlanes, motion: SideMotion, back: SideMotion): Confidence {
  const { width, height } = from;
  const { colour, trip, outside } = compare(from, to, motion, back);
  const smooth = blur(colour, 1).data;
  const out = emptyPlane(width, height);
  for (let i = 0; i < smooth.length; i++) {
    const trust = Math.exp(-Math.min(8, smooth[i]! / COLOUR_SCALE + trip[i]!));
    out.data[i] = outside[i] ? 0.1 * trust : trust;
  }
  return { trust: out, outside };
}

/** What both ends of the motion show, and where it leads. */
interface Comparison {
  /** Difference in colour, 0..510. */
  readonly colour: Plane;
  /** How far the round trip misses its start, on the scale of its length. */
  readonly trip: Float32Array;
  /** 1 where the motion leaves the frame. */
  readonly outside: ArrayLike<number>;
}

export function compare(from: ColourPlanes, to: ColourPlanes, motion: SideMotion, back: SideMotion): Comparison {
  const { width, height } = from;
  const desk = rasterDesk(width, height);
  if (desk === null) return plainCompare(from, to, motion, back);
  const { u, v } = motion.residual;
  [from.luma, from.blue, from.red, to.luma, to.blue, to.red, u, v, back.residual.u, back.residual.v].forEach(
    (data, i) => {
      desk.plane(i).set(data);
    },
  );
  const maps = desk.row();
  maps.floats.set([...motion.camera, ...back.camera]);
  const at = (plane: number): number => desk.place(plane);
  const [size, colour, trip, outside] = [at(1) - at(0), at(10), at(11), at(12)] as [number, number, number, number];
  const flows = [at(6), at(7), at(8), at(9)] as const;
  const { kernels } = desk;
  kernels.compare(
    width,
    height,
    size,
    at(0),
    at(3),
    ...flows,
    maps.at,
    TRIP_SCALE,
    TRIP_PER_SAMPLE,
    colour,
    trip,
    outside,
  );
  return {
    colour: { width, height, data: desk.plane(10).slice() },
    trip: desk.plane(11).slice(),
    outside: desk.plane(12).slice(),
  };
}

/** The same without a kernel. */
export function plainCompare(from: ColourPlanes, to: ColourPlanes, motion: SideMotion, back: SideMotion): Comparison {
  const { width, height } = from;
  const colour = emptyPlane(width, height);
  const trip = new Float32Array(width * height);
  const place = new Place(width, height);
  const outside = new Uint8Array(width * height);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const u = motion.residual.u[i]!;
      const v = motion.residual.v[i]!;
      const q = project(motion.camera, x + u, y + v);
      const there = {
        x: Math.min(2 * width, Math.max(-width, q.x)),
        y: Math.min(2 * height, Math.max(-height, q.y)),
      };
      place.aim(there.x, there.y);
      colour.data[i] =
        Math.abs(place.read(to.luma) - from.luma[i]!) +
        0.5 * Math.abs(place.read(to.blue) - from.blue[i]!) +
        0.5 * Math.abs(place.read(to.red) - from.red[i]!);
      const home = project(back.camera, there.x + place.read(back.residual.u), there.y + place.read(back.residual.v));
      const length = distance(there.x - x, there.y - y);
      trip[i] = distance(home.x - x, home.y - y) / (TRIP_SCALE + TRIP_PER_SAMPLE * length);
      if (there.x < 0 || there.y < 0 || there.x > width - 1 || there.y > height - 1) outside[i] = 1;
    }
  }
  return { colour, trip, outside };
}

/** Math.hypot pays for a guard against overflow, which distances in samples do not need. */
function distance(x: number, y: number): number {
  return Math.sqrt(x * x + y * y);
}
