/** The rasters the analysis works on. Row-major, top row first; sample centres sit at whole coordinates. */

/** One channel of floating-point samples: `data.length === width * height`. */
export interface Plane {
  readonly width: number;
  readonly height: number;
  readonly data: Float32Array;
}

/** A displacement per sample, in samples of this raster: the partner of (x, y) lies at (x + u, y + v). */
export interface Flow {
  readonly width: number;
  readonly height: number;
  readonly u: Float32Array;
  readonly v: Float32Array;
}

/** A picture for analysis: luma and the two colour differences, all on the 0..255 scale (neutral colour = 128). */
export interface ColourPlanes {
  readonly width: number;
  readonly height: number;
  readonly luma: Float32Array;
  readonly blue: Float32Array;
  readonly red: Float32Array;
}

/** A plane of zeros. */
export function emptyPlane(width: number, height: number): Plane {
  return { width, height, data: new Float32Array(width * height) };
}

/** A flow of zero displacement. */
export function emptyFlow(width: number, height: number): Flow {
  return { width, height, u: new Float32Array(width * height), v: new Float32Array(width * height) };
}

/** The luma of a picture as a plane (shared data, no copy). */
export function lumaOf(picture: ColourPlanes): Plane {
  return { width: picture.width, height: picture.height, data: picture.luma };
}
