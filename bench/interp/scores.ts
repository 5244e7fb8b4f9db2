import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Gap } from './clips.ts';
import type { Likeness } from './metrics.ts';

export const METHODS = ['ours', 'minterpolate', 'oneWay', 'crossFade'] as const;
export type Method = (typeof METHODS)[number];

/** How a method did in one gap: means over the frames made. */
export interface Score extends Likeness {
  readonly method: Method;
  readonly clip: string;
  readonly keep: number;
  readonly gap: Gap;
}

/**
 * Scores on disk, one line each, so that an interrupted run goes on where it was. Each stands under a fingerprint of the
 * code that made it: a changed renderer is measured anew, the peer is not.
 */
export class ScoreBook {
  readonly #path: string;
  readonly #prints: Readonly<Record<Method, string>>;
  readonly #scores = new Map<string, Score>();

  constructor(folder: string) {
    this.#path = join(folder, 'scores.jsonl');
    const bench = ['bench/interp/metrics.ts', 'bench/interp/clips.ts'];
    const motion = 'packages/renderer/src/motion';
    this.#prints = {
      ours: fingerprint([...bench, 'bench/interp/ours.ts', motion, 'packages/renderer/src/picture']),
      minterpolate: fingerprint([...bench, 'bench/interp/ffmpeg.ts']),
      oneWay: fingerprint([...bench, 'bench/interp/one-way.ts', `${motion}/search`, `${motion}/raster`]),
      crossFade: fingerprint(bench),
    };
    if (!existsSync(this.#path)) return;
    for (const line of readFileSync(this.#path, 'utf8').split('\n')) {
      if (line === '') continue;
      const { key, ...score } = JSON.parse(line) as Score & { key: string };
      this.#scores.set(key, score);
    }
  }

  get(method: Method, clip: string, keep: number, gap: Gap): Score | undefined {
    return this.#scores.get(this.#key(method, clip, keep, gap));
  }

  add(score: Score): void {
    const key = this.#key(score.method, score.clip, score.keep, score.gap);
    this.#scores.set(key, score);
    appendFileSync(this.#path, `${JSON.stringify({ key, ...score })}\n`);
  }

  #key(method: Method, clip: string, keep: number, gap: Gap): string {
    return `${method} ${this.#prints[method]} ${clip} ${keep} ${gap.from}`;
  }
}

/** A digest of all code below these paths (from the repository's root), tests left out. */
function fingerprint(paths: readonly string[]): string {
  const root = fileURLToPath(new URL('../../', import.meta.url));
  const hash = createHash('sha256');
  for (const path of paths) {
    const full = join(root, path);
    const files = path.endsWith('.ts') ? [''] : (readdirSync(full, { recursive: true }) as string[]).toSorted();
    for (const file of files) {
      const isCode = file === '' || /(?<!\.test)\.ts$|\.wasm$/.test(file);
      if (isCode) hash.update(readFileSync(join(full, file)));
    }
  }
  return hash.digest('hex').slice(0, 12);
}

/** The mean of several likenesses. */
export function meanOf(all: readonly Likeness[]): Likeness {
  const mean = (pick: (one: Likeness) => number): number => all.reduce((sum, one) => sum + pick(one), 0) / all.length;
  return { psnr: mean((one) => one.psnr), ssim: mean((one) => one.ssim), gmsd: mean((one) => one.gmsd) };
}

/** What a clip's gaps came to, for every method, at one `keep`. */
export interface Cell {
  readonly clip: string;
  readonly keep: number;
  readonly gaps: number;
  readonly means: Readonly<Record<Method, Likeness>>;
}
