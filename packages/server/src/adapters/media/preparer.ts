import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault } from '../../domain/fault.ts';
import type { Frames } from '../../domain/frame.ts';
import type { SizeTier } from '../../domain/model.ts';
import type { FramePreparer, PreparedPair } from '../../ports/frames.ts';
import { untilAborted } from '../system/abort.ts';
import { asStorageFailure } from '../system/storage-full.ts';
import type { ChildPool } from './child-pool.ts';
import { type PairFacts, unpackFault } from './protocol.ts';

/** Prepares frames in a media child, each pair in a folder of its own below `tmpFolder`. */
export function createPreparer(children: ChildPool, tmpFolder: string): FramePreparer {
  return {
    async prepare(pictures, tier, signal): Promise<PreparedPair> {
      signal.throwIfAborted();
      const folder = await makeFolder(tmpFolder);
      const remove = () => rm(folder, { recursive: true, force: true });
      const paths = pathsIn(folder);
      const work = prepareIn(paths, children, pictures, tier, signal);
      try {
        return showPair(await untilAborted(work, signal), paths, remove);
      } catch (error) {
        // Aborted or not, the child may still be writing: the folder goes when it is done.
        const gone = work.then(remove, remove);
        if (!signal.aborted) await gone;
        else void gone.catch(() => {});
        throw error;
      }
    },
  };
}

interface Paths {
  readonly inputs: readonly [first: string, last: string];
  readonly outputs: readonly [first: string, last: string];
}

function pathsIn(folder: string): Paths {
  return {
    inputs: [join(folder, 'first.input'), join(folder, 'last.input')],
    outputs: [join(folder, 'first.png'), join(folder, 'last.png')],
  };
}

async function makeFolder(tmpFolder: string): Promise<string> {
  try {
    await mkdir(tmpFolder, { recursive: true });
    return await mkdtemp(join(tmpFolder, 'frames-'));
  } catch (error) {
    throw asStorageFailure(error);
  }
}

async function prepareIn(
  { inputs, outputs }: Paths,
  children: ChildPool,
  pictures: Frames<Uint8Array>,
  tier: SizeTier,
  signal: AbortSignal,
): Promise<PairFacts> {
  const writes = await Promise.allSettled([writeFile(inputs[0], pictures.first), writeFile(inputs[1], pictures.last)]);
  for (const write of writes) if (write.status === 'rejected') throw asStorageFailure(write.reason);
  const answer = await children.run({ kind: 'prepare', tier, inputs, outputs }, signal);
  if (answer.kind === 'prepared') return answer.pair;
  if (answer.kind === 'fault') throw unpackFault(answer.fault);
  throw new Fault('internal_error', 'The pictures could not be read.', { cause: new Error(answer.kind) });
}

function showPair(facts: PairFacts, { outputs }: Paths, remove: () => Promise<void>): PreparedPair {
  return {
    size: facts.size,
    frames: {
      first: { png: { path: outputs[0] }, ...facts.first },
      last: { png: { path: outputs[1] }, ...facts.last },
    },
    identical: facts.identical,
    [Symbol.asyncDispose]: remove,
  };
}
