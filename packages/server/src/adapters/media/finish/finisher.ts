import { join } from 'node:path';
import type { EncoderChoice } from '@inbetween/renderer';
import { z } from 'zod';
import { Fault } from '../../../domain/fault.ts';
import { judgeFrames } from '../../../domain/frame-check.ts';
import type { Log } from '../../../ports/log.ts';
import type { FinishedFile, FinishOrder, ResultFinisher } from '../../../ports/media.ts';
import { askChild } from '../../system/ask-child.ts';
import { type ChildLimits, entryBeside } from '../../system/child.ts';
import { printable } from '../../system/printable.ts';
import type { SentAnswer, SentOrder } from './protocol.ts';

export interface FinisherOptions {
  readonly encoder: EncoderChoice;
  readonly log: Log;
  readonly limits?: Partial<ChildLimits>;
}

const MINUTE = 60_000;
/** 1080P with 150 frames was measured at 700 MB; a damaged file may make a decoder want any amount. */
const LIMITS: ChildLimits = { memoryBytes: 2_000 << 20, wallMs: 10 * MINUTE };

const answer: z.ZodType<SentAnswer> = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('finished'),
    pictures: z.enum(['kept', 'transcoded']),
    distances: z.object({
      firstToFirst: z.number(),
      lastToLast: z.number(),
      lastToFirst: z.number(),
      inputs: z.number(),
    }),
  }),
  z.object({ kind: z.literal('damaged'), reason: z.string().max(2000) }),
  z.object({ kind: z.literal('storage-full') }),
]);

/** Finishes each foreign video in a child process of its own. */
export function createFinisher({ encoder, log, limits }: FinisherOptions): ResultFinisher {
  return {
    async finish(order, signal): Promise<FinishedFile> {
      const outputs = outputsIn(order.folder);
      const sent: SentOrder = { ...order, outputs, encoder };
      const found = await askChild(
        {
          name: 'finish',
          entry: entryBeside(import.meta.url, 'child'),
          limits: { ...LIMITS, ...limits },
          log,
          order: sent,
          answer,
          // A child that ends without an answer was brought down by the file: it is damaged.
          unanswered: (end) => new Fault('damaged_output', 'The finished video file cannot be read.', { cause: end }),
        },
        signal,
      );
      if (found.kind === 'storage-full')
        throw new Fault('storage_full', 'The server ran out of room while it made the video.');
      if (found.kind === 'damaged')
        throw new Fault('damaged_output', 'The finished video file is damaged.', {
          cause: new Error(printable(found.reason)),
        });
      return { ...outputs, pictures: found.pictures, check: judgeFrames(found.distances) };
    },
  };
}

function outputsIn(folder: FinishOrder['folder']): SentOrder['outputs'] {
  return {
    video: join(folder, 'video.mp4'),
    thumbnail: join(folder, 'thumbnail.webp'),
    spritesheet: join(folder, 'spritesheet.webp'),
    lastFrame: join(folder, 'last_frame.png'),
  };
}
