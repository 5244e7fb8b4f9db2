import type { EncoderChoice } from '@inbetween/renderer';
import type { FinishedFile, FinishOrder } from '../../../ports/media.ts';

/** What the finishing child is asked for; files by their paths. */
export interface SentOrder extends FinishOrder {
  readonly outputs: Pick<FinishedFile, 'video' | 'thumbnail' | 'spritesheet' | 'lastFrame'>;
  readonly encoder: EncoderChoice;
}

export type SentAnswer =
  | {
      readonly kind: 'finished';
      readonly pictures: 'kept' | 'transcoded';
      readonly distances: {
        readonly firstToFirst: number;
        readonly lastToLast: number;
        readonly lastToFirst: number;
        readonly inputs: number;
      };
    }
  | { readonly kind: 'damaged'; readonly reason: string }
  | { readonly kind: 'storage-full' };
