import type { RenderHooks, RenderProgress } from './plan.ts';

// The analysis takes about a third of a 5 s clip's time at 720P on two cores.
const ANALYSIS_SHARE = 0.3;
// Writing the files is the rest.
const RENDERED_SHARE = 0.99;

/** Turns the steps of one job into a single fraction that never falls and is 1 exactly once, at the end. */
export class ProgressTeller {
  readonly #tell: RenderHooks['onProgress'];
  readonly #frames: number;
  #fraction = 0;

  constructor(frames: number, tell: RenderHooks['onProgress']) {
    this.#frames = frames;
    this.#tell = tell;
  }

  /** `fraction` 0..1 of the analysis. */
  analysed(fraction: number): void {
    this.#report('analysing', ANALYSIS_SHARE * Math.min(1, fraction), 0);
  }

  /** `framesDone` frames have left the renderer. */
  rendered(framesDone: number): void {
    const share = (RENDERED_SHARE - ANALYSIS_SHARE) * (framesDone / this.#frames);
    this.#report('rendering', ANALYSIS_SHARE + share, framesDone);
  }

  /** All files are written. */
  finished(): void {
    this.#report('rendering', 1, this.#frames);
  }

  #report(phase: RenderProgress['phase'], fraction: number, framesDone: number): void {
    this.#fraction = Math.max(this.#fraction, fraction);
    this.#tell?.({ phase, fraction: this.#fraction, framesDone, frames: this.#frames });
  }
}
