import type { EncoderChoice } from '@inbetween/renderer';
import type { FinishOrder } from '../../../ports/media.ts';

/** What the finishing child is asked for; files by their paths. */
export interface SentOrder extends FinishOrder {
  readonly outputs: { readonly video: string; readonly thumbnail: string; readonly lastFrame: string };
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
