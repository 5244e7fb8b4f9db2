/**
 * Makes the two sample frames in `assets/` from one photograph: a virtual camera moves in on the cup and rolls a little.
 *
 *   npx --no-install node packages/renderer/scripts/make-samples.ts <path of scikit-image's coffee.png> [folder]
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';

const WIDTH = 1280;
const HEIGHT = 720;
const CHANNELS = [0, 1, 2] as const;

/** What the camera sees: centre and width in pixels of the photograph, roll in radians. */
interface Window {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly roll: number;
}

const WINDOWS: Readonly<Record<string, Window>> = {
  sample_first: { x: 300, y: 200, width: 588, roll: 0 },
  sample_last: { x: 282, y: 176, width: 410, roll: -0.14 },
};

const [source, folder = fileURLToPath(new URL('../assets', import.meta.url))] = process.argv.slice(2);
if (source === undefined) throw new Error('give the path of coffee.png');
// A 3×3 median takes out the photograph's grain, which twofold enlargement would turn into blotches (and megabytes).
const { data, info } = await sharp(source).removeAlpha().median(3).raw().toBuffer({ resolveWithObject: true });
for (const [name, window] of Object.entries(WINDOWS)) {
  await sharp(shoot(window), { raw: { width: WIDTH, height: HEIGHT, channels: 3 } })
    .png({ compressionLevel: 9, adaptiveFiltering: true })
    .toFile(join(folder, `${name}.png`));
}

function shoot({ x, y, width, roll }: Window): Uint8Array {
  const picture = new Uint8Array(WIDTH * HEIGHT * 3);
  const step = width / WIDTH;
  const across = Math.cos(roll) * step;
  const down = Math.sin(roll) * step;
  for (let row = 0, at = 0; row < HEIGHT; row++) {
    for (let column = 0; column < WIDTH; column++, at += 3) {
      const right = column + 0.5 - WIDTH / 2;
      const below = row + 0.5 - HEIGHT / 2;
      sample(x + right * across - below * down - 0.5, y + right * down + below * across - 0.5, picture, at);
    }
  }
  return picture;
}

/** Bicubic (Mitchell–Netravali) sample of the photograph at a point, edges repeated. */
function sample(x: number, y: number, into: Uint8Array, at: number): void {
  const left = Math.floor(x);
  const top = Math.floor(y);
  const sums: [number, number, number] = [0, 0, 0];
  for (let row = -1; row <= 2; row++) {
    const rowWeight = mitchell(y - top - row);
    const rowAt = Math.min(info.height - 1, Math.max(0, top + row)) * info.width;
    for (let column = -1; column <= 2; column++) {
      const weight = rowWeight * mitchell(x - left - column);
      const source = (rowAt + Math.min(info.width - 1, Math.max(0, left + column))) * 3;
      for (const channel of CHANNELS) sums[channel] += weight * (data[source + channel] ?? 0);
    }
  }
  for (const channel of CHANNELS) {
    // Even levels only: nobody sees it, and the PNG is a quarter smaller.
    into[at + channel] = 2 * Math.min(127, Math.max(0, Math.round(sums[channel] / 2)));
  }
}

function mitchell(distance: number): number {
  const d = Math.abs(distance);
  if (d < 1) return (7 * d ** 3 - 12 * d ** 2 + 16 / 3) / 6;
  return d < 2 ? ((-7 / 3) * d ** 3 + 12 * d ** 2 - 20 * d + 32 / 3) / 6 : 0;
}
