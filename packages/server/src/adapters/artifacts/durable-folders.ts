import { mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';

/** How many folders are remembered as durable; beyond that we forget all and ask the disk again. */
const REMEMBERED = 2000;

/** Makes folders so that they survive a power cut: a new name is on disk only once its parent folder was synced. */
export class DurableFolders {
  readonly #root: string;
  readonly #known = new Set<string>();

  /** @param root an existing folder; nothing above it is touched */
  constructor(root: string) {
    this.#root = root;
  }

  /** Makes a folder below the root, and those between, durably. Cheap when we did so before. */
  async make(folder: string): Promise<void> {
    if (folder === this.#root || this.#known.has(folder)) return;
    await this.make(dirname(folder));
    await mkdir(folder, { recursive: true });
    await syncFolder(dirname(folder));
    if (this.#known.size >= REMEMBERED) this.#known.clear();
    this.#known.add(folder);
  }

  /** Folders were removed, by us or by somebody: what we remember may be wrong. */
  forget(): void {
    this.#known.clear();
  }
}

/** Writes a folder's list of names to disk. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
