import { join } from 'node:path';
import { Fault } from '../../domain/fault.ts';
import type { FramePreparer, FrameRescaler } from '../../ports/frames.ts';
import type { Media } from '../../ports/media.ts';
import { untilAborted } from '../system/abort.ts';
import { ChildPool } from './child-pool.ts';
import { createPreparer } from './preparer.ts';
import { unpackFault } from './protocol.ts';
import type { WarmChildOptions } from './warm-child.ts';

const MINUTE = 60_000;

/** What media needs; all numbers have defaults. */
export type MediaOptions = Pick<WarmChildOptions, 'tmpFolder' | 'log'> &
  Partial<WarmChildOptions> & {
    /** Children at most, each with one job at a time. */
    readonly children?: number;
  };

/** Everything that reads pictures and video files, behind warm child processes. */
export interface MediaParts {
  readonly preparer: FramePreparer;
  readonly media: Media;
  readonly rescaler: FrameRescaler;
  /** Starts a child ahead of the first job. Optional: without it the first job does. */
  warm(): void;
  /** The children there are now, with their memory as last seen. */
  children(): readonly { readonly pid: number; readonly residentBytes: number }[];
  /** Ends the children. Jobs that run or wait end with Fault `shutting_down`. */
  close(): Promise<void>;
}

/** Two pictures of 64 megapixels, the worst we take, peak at 750 MB and take 6 to 12 s of one core. */
const DEFAULTS = {
  children: 2,
  idleMs: 5 * MINUTE,
  recycleAfter: 200,
  recycleBytes: 400 << 20,
  memoryBytes: 1_500 << 20,
  jobMs: MINUTE,
} as const;

/** Sets up preparation and inspection. Nothing is started before the first job. */
export function createMedia(options: MediaOptions): MediaParts {
  const pool = new ChildPool({ ...DEFAULTS, ...options }, options.children ?? DEFAULTS.children);
  return {
    preparer: createPreparer(pool, options.tmpFolder),
    media: createInspection(pool),
    rescaler: createRescaler(pool),
    warm: () => pool.children[0]?.warm(),
    children: () =>
      pool.children.flatMap(({ pid, residentBytes }) =>
        pid === undefined ? [] : [{ pid, residentBytes: residentBytes ?? 0 }],
      ),
    close: () => pool.close(),
  };
}

function createRescaler(children: ChildPool): FrameRescaler {
  return {
    async rescale(frames, to, folder, signal) {
      const outputs = [join(folder, 'first_scaled.png'), join(folder, 'last_scaled.png')] as const;
      const wish = { kind: 'rescale', to, inputs: [frames.first, frames.last], outputs } as const;
      const answer = await untilAborted(children.run(wish, signal), signal);
      if (answer.kind === 'rescaled') return { first: outputs[0], last: outputs[1] };
      if (answer.kind === 'fault') throw unpackFault(answer.fault);
      throw new Fault('internal_error', 'The frames could not be scaled.', { cause: new Error(answer.kind) });
    },
  };
}

function createInspection(children: ChildPool): Media {
  return {
    async inspect(path, signal) {
      const answer = await untilAborted(children.run({ kind: 'inspect', path }, signal), signal);
      if (answer.kind === 'inspected') return answer.file;
      if (answer.kind === 'fault') throw unpackFault(answer.fault);
      throw new Fault('internal_error', 'The finished video could not be read.', { cause: new Error(answer.kind) });
    },
  };
}
