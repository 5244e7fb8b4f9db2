import { FLOOR, margin, seen, visibility } from './combine.ts';
import { LEAST } from './crossed-read.ts';
import { PAD } from './layout.ts';
import { reflect } from './luma.ts';

/** How much more a picture's own motion counts than the other's, and the least a crossed reading counts. */
const OWN = 0.5;
const CROSSED = 0.04;
/** Grey steps between the two pictures at the ends of one motion at which it counts a third: 40, by (1 + d/320)^-8. */
const UNLIKE = 320;
/** Grey steps between the ends of the better motion for every step softer that a group of four samples is read. */
const SOFT = 4;
/** Crossed readings nearer than this to the own ones are one reading of the place between. */
const ONE_PLACE = 0.0625;

/** Plain TypeScript twin of the kernel; see FrameKernels.combineCrossed. */
export function combineCrossed(
  buffer: ArrayBufferLike,
  width: number,
  height: number,
  firstSums: number,
  lastSums: number,
  matrices: number,
  s: number,
  first: number,
  last: number,
  firstGain: number,
  firstOffset: number,
  lastGain: number,
  lastOffset: number,
  fields: number,
): void {
  const size = width * height;
  const out = new Float32Array(buffer, fields, 11 * size);
  const groups = (width + 3) >> 2;
  const marks = new Uint8Array(buffer, fields + 44 * size, (groups + 2) * height).fill(0);
  const padded = (width + 2 * PAD) * (height + 2 * PAD);
  const a = new Uint8Array(buffer, first, padded);
  const b = new Uint8Array(buffer, last, padded);
  const firstCarried = new Float32Array(buffer, firstSums, 4 * size);
  const lastCarried = new Float32Array(buffer, lastSums, 4 * size);
  const [fromFirst, fromLast, there, back] = [0, 1, 2, 3].map(
    (which) => new Float32Array(buffer, matrices + 36 * which, 9),
  ) as [Float32Array, Float32Array, Float32Array, Float32Array];
  const shares = new Float32Array(buffer, matrices + 144, 4);
  const unlike = new Float32Array(width);
  const crossed = new Uint8Array(width);
  const place = { x: 0, y: 0 };
  const map = (m: Float32Array, x: number, y: number): void => {
    const d = 1 / (m[6]! * x + m[7]! * y + m[8]!);
    place.x = (m[0]! * x + m[1]! * y + m[2]!) * d;
    place.y = (m[3]! * x + m[4]! * y + m[5]!) * d;
  };
  const apart = (ax: number, ay: number, bx: number, by: number): number => {
    const inFirst = between(a, width, height, ax, ay) * firstGain + firstOffset;
    const inLast = between(b, width, height, bx, by) * lastGain + lastOffset;
    return Math.abs(inFirst - inLast);
  };
  for (let y = 0, i = 0; y < height; y++) {
    const down = y / height;
    const left = shares[0]! + (shares[2]! - shares[0]!) * down;
    const right = shares[1]! + (shares[3]! - shares[1]!) * down;
    for (let x = 0; x < width; x++, i++) {
      const [u, v, z] = [firstCarried[4 * i]!, firstCarried[4 * i + 1]!, firstCarried[4 * i + 2]!];
      map(fromFirst, x, y);
      const [a0x, a0y] = [place.x - s * u, place.y - s * v];
      map(there, place.x + (1 - s) * u, place.y + (1 - s) * v);
      const [a1x, a1y] = [place.x, place.y];
      const [lastU, lastV, lastZ] = [lastCarried[4 * i]!, lastCarried[4 * i + 1]!, lastCarried[4 * i + 2]!];
      map(fromLast, x, y);
      const [b1x, b1y] = [place.x - (1 - s) * lastU, place.y - (1 - s) * lastV];
      map(back, place.x + s * lastU, place.y + s * lastV);
      const [b0x, b0y] = [place.x, place.y];
      const seenA = seen(firstCarried[4 * i + 3]!);
      const seenB = seen(lastCarried[4 * i + 3]!);
      const apartA = apart(a0x, a0y, a1x, a1y);
      const apartB = apart(b0x, b0y, b1x, b1y);
      const likeA = (z + CROSSED * seenA) * (1 + apartA / UNLIKE) ** -8;
      const likeB = (lastZ + CROSSED * seenB) * (1 + apartB / UNLIKE) ** -8;
      const later = s + (left + ((right - left) * x) / width - s) * Math.min(1, 2 * (z + lastZ));
      const wa0 =
        (1 - later) *
        visibility(a0x, a0y, width, height) *
        (likeA + OWN * z + FLOOR * seenA * margin(a0x, a0y, width, height));
      const wa1 = later * visibility(a1x, a1y, width, height) * likeA;
      const wb0 = (1 - later) * visibility(b0x, b0y, width, height) * likeB;
      const wb1 =
        later *
        visibility(b1x, b1y, width, height) *
        (likeB + OWN * lastZ + FLOOR * seenB * margin(b1x, b1y, width, height));
      out[8 * size + i] = (wa1 + wb1) / (wa0 + wa1 + wb0 + wb1);
      const inFirst = putTwo(out, size, i, 9, a0x - x, a0y - y, b0x - x, b0y - y, wb0 / (wa0 + wb0));
      const inLast = putTwo(out, size, i + 2 * size, 8, b1x - x, b1y - y, a1x - x, a1y - y, wa1 / (wa1 + wb1));
      unlike[x] = Math.min(apartA, apartB);
      crossed[x] = inFirst || inLast ? 1 : 0;
    }
    for (let group = 0; group < groups; group++) {
      // The last group is not cut short: it begins earlier.
      const start = Math.min(4 * group, width - 4);
      const sum = unlike.subarray(start, start + 4).reduce((total, value) => total + value, 0);
      const softness = Math.min(3, Math.max(0, Math.ceil(sum / (4 * SOFT)) - 1));
      const isCrossed = crossed.subarray(start, start + 4).includes(1);
      marks[y * (groups + 2) + 1 + group] = 2 * softness + (isCrossed ? 1 : 0);
    }
  }
}

/** Stores an own offset, a crossed one and its share, folded into one where that is as good; whether it is not. */
function putTwo(
  out: Float32Array,
  size: number,
  at: number,
  shares: number,
  x0: number,
  y0: number,
  x1: number,
  y1: number,
  share: number,
): boolean {
  const isFar = Math.max(Math.abs(x1 - x0), Math.abs(y1 - y0)) > ONE_PLACE;
  const isTwo = isFar && share > LEAST;
  const x = isFar ? x0 : x0 + share * (x1 - x0);
  const y = isFar ? y0 : y0 + share * (y1 - y0);
  out[at] = x;
  out[size + at] = y;
  out[4 * size + at] = isTwo ? x1 : x;
  out[5 * size + at] = isTwo ? y1 : y;
  out[shares * size + at] = isTwo ? share : 0;
  return isTwo;
}

/** Bilinear value of a padded plane at (x, y), mirrored beyond its border. */
function between(plane: Uint8Array, width: number, height: number, x: number, y: number): number {
  const cx = reflect(x, width - 1);
  const cy = reflect(y, height - 1);
  const left = Math.floor(cx);
  const top = Math.floor(cy);
  const ax = cx - left;
  const ay = cy - top;
  const stride = width + 2 * PAD;
  const at = (top + PAD) * stride + left + PAD;
  const upper = plane[at]! + ax * (plane[at + 1]! - plane[at]!);
  const lower = plane[at + stride]! + ax * (plane[at + stride + 1]! - plane[at + stride]!);
  return upper + ay * (lower - upper);
}
