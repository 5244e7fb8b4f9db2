import { filePrefix } from '../domain/file.ts';
import { readFileId } from '../domain/id.ts';
import type { ArtifactStore } from '../ports/artifacts.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import type { FileStore } from '../ports/store.ts';

interface KeepFilesParts {
  readonly files: FileStore;
  readonly artifacts: ArtifactStore;
  readonly clock: Clock;
  readonly log: Log;
}

const BATCH = 100;
const ORPHANS_EVERY_MS = 3_600_000;
/** Old enough that no upload can still be about to write its row. */
const ORPHAN_AGE_MS = 3_600_000;

/** A chore of lane `sweep`: removes uploaded files past their time, and now and then bytes that no row names. */
export function createFileKeeping({ files, artifacts, clock, log }: KeepFilesParts): () => Promise<void> {
  let orphansAt = clock.now() + ORPHANS_EVERY_MS;

  /** The row first, so that nobody is promised bytes that are about to go. */
  async function removeExpired(now: number): Promise<void> {
    for (const { id } of await files.expired(now, BATCH)) {
      await files.remove(id);
      await artifacts.removeAll(filePrefix(id));
    }
  }

  async function removeOrphans(now: number): Promise<void> {
    for await (const { key, writtenAt } of artifacts.list('files/')) {
      if (now - writtenAt < ORPHAN_AGE_MS) continue;
      const id = readFileId(key.split('/')[1] ?? '');
      if (id === undefined || (await files.exists(id))) continue;
      log.info({ key }, 'removed a file that nobody names');
      await artifacts.remove(key);
    }
  }

  return async () => {
    const now = clock.now();
    await removeExpired(now);
    if (now < orphansAt) return;
    orphansAt = now + ORPHANS_EVERY_MS;
    await removeOrphans(now);
  };
}
