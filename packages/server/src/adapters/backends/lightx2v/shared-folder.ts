import { readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Frames } from '../../../domain/frame.ts';
import { notSetUp } from '../self-hosted.ts';

/**
 * A folder that both machines see, under each one's own path. Frames lie in it from the start of a task to its end, and
 * nothing else of ours does.
 */
export interface SharedFolder {
  readonly here: string;
  readonly there: string;
}

const NAME = /^inbetween-[0-9a-f-]{36}-(?:first|last)\.png$/;
/** Longer than any attempt may take: what is older was left by a server that never came back. */
const LEFT_MS = 8 * 24 * 60 * 60_000;

/** Puts both frames into the folder. Returns their paths as the other machine sees them. */
export async function handOver(
  { here, there }: SharedFolder,
  uuid: string,
  frames: Frames<Uint8Array>,
): Promise<Frames<string>> {
  const written = pathsIn(here, uuid);
  try {
    await Promise.all([writeFile(written.first, frames.first), writeFile(written.last, frames.last)]);
  } catch (error) {
    await takeBack({ here, there }, uuid).catch(() => undefined);
    throw notSetUp(`frames cannot be written to the shared folder ${here}`, error);
  }
  return pathsIn(there, uuid);
}

/** Removes the frames of a task that is over. Idempotent. */
export async function takeBack({ here }: SharedFolder, uuid: string): Promise<void> {
  await Promise.all(Object.values(pathsIn(here, uuid)).map((path) => rm(path, { force: true })));
}

/** Removes what was left long ago, and says what is wrong with the folder, if anything is. */
export async function tendFolder({ here }: SharedFolder, now = Date.now()): Promise<string | undefined> {
  const probe = join(here, '.inbetween-probe');
  try {
    await writeFile(probe, '');
    await rm(probe, { force: true });
    for (const name of (await readdir(here)).filter((each) => NAME.test(each))) {
      const path = join(here, name);
      const { mtimeMs } = await stat(path);
      if (now - mtimeMs > LEFT_MS) await rm(path, { force: true });
    }
    return undefined;
  } catch {
    return `the shared folder ${here} cannot be written on this machine`;
  }
}

function pathsIn(folder: string, uuid: string): Frames<string> {
  const path = (role: string) => `${folder}/inbetween-${uuid}-${role}.png`;
  return { first: path('first'), last: path('last') };
}
