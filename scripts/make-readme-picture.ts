/**
 * Makes docs/assets/two-frames.webp, the picture on the README's first screen: the two shipped sample frames and, between
 * them, what the built-in renderer makes of them. Run it again when the renderer gets better.
 */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { renderFrames } from '@inbetween/renderer';
import sharp from 'sharp';

const ASSETS = join(import.meta.dirname, '../packages/renderer/assets');
const OUT = join(import.meta.dirname, '../docs/assets/two-frames.webp');
const FRAMES = 30;
const TILE = { width: 320, height: 180 };
const GAP = 12;
/** The last frame is held this long before the clip begins again. */
const HOLD_MS = 700;

const folder = await mkdtemp(join(tmpdir(), 'readme-picture-'));
try {
  const first = join(ASSETS, 'sample_first.png');
  const last = join(ASSETS, 'sample_last.png');
  await renderFrames({
    first,
    last,
    folder,
    frames: FRAMES,
    ease: 'smooth',
    seed: 0,
    prompt: '',
    negativePrompt: '',
    threads: 2,
  });
  const files = (await readdir(folder)).filter((name) => name.endsWith('.png')).sort();
  const tile = (path: string) => sharp(path).resize(TILE.width, TILE.height).png().toBuffer();
  const [left, right] = await Promise.all([tile(first), tile(last)]);
  const pages = await Promise.all(
    files.map(async (name) => {
      const middle = await tile(join(folder, name));
      const at = (column: number) => ({ left: column * (TILE.width + GAP), top: 0 });
      return sharp({
        create: {
          width: 3 * TILE.width + 2 * GAP,
          height: TILE.height,
          channels: 4,
          background: { r: 0, g: 0, b: 0, alpha: 0 },
        },
      })
        .composite([
          { input: left, ...at(0) },
          { input: middle, ...at(1) },
          { input: right, ...at(2) },
        ])
        .png()
        .toBuffer();
    }),
  );
  const delay = pages.map((_, index) => (index === pages.length - 1 ? HOLD_MS : 66));
  await sharp(pages, { join: { animated: true } })
    .webp({ quality: 84, effort: 6, loop: 0, delay })
    .toFile(OUT);
} finally {
  await rm(folder, { recursive: true, force: true });
}
