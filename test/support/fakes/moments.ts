/** A place where an engine waits until a test lets it go on. */
export interface Hold {
  /** Resolves when the engine has come there. */
  readonly reached: Promise<void>;
  release(): void;
}

/** Lets a test stop an engine at a named moment, once per hold, so that what happens next happens exactly there. */
export class Moments<Moment extends string> {
  readonly #holds: { readonly moment: Moment; readonly came: () => void; readonly go: Promise<void> }[] = [];
  readonly #releases = new Set<() => void>();

  hold(moment: Moment): Hold {
    const came = Promise.withResolvers<void>();
    const go = Promise.withResolvers<void>();
    this.#holds.push({ moment, came: came.resolve, go: go.promise });
    this.#releases.add(go.resolve);
    return { reached: came.promise, release: go.resolve };
  }

  /** The engine is at this moment. */
  async pass(moment: Moment): Promise<void> {
    const at = this.#holds.findIndex((hold) => hold.moment === moment);
    const [hold] = at < 0 ? [] : this.#holds.splice(at, 1);
    hold?.came();
    await hold?.go;
  }

  releaseAll(): void {
    for (const release of this.#releases) release();
    this.#releases.clear();
    this.#holds.length = 0;
  }
}
