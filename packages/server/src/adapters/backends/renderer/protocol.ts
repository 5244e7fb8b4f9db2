import type { EncoderChoice, RenderPlan, RenderReport } from '@inbetween/renderer';

/** What a render child is asked for: one order, then it ends. */
export type RenderOrder =
  | {
      readonly kind: 'render';
      readonly plan: Omit<RenderPlan, 'watermark'>;
      /** The words are chosen in the child, so that the server need not load the renderer. */
      readonly watermark: boolean;
    }
  /** Makes a tiny clip in the folder, to see whether everything that is needed is there. */
  | { readonly kind: 'check'; readonly folder: string; readonly encoder: EncoderChoice };

/** The part of the renderer's report that is shown to callers. */
export type SentReport = Pick<
  RenderReport,
  'mode' | 'matchConfidence' | 'honoured' | 'ignored' | 'encoder' | 'generative'
>;

/** What a render child tells. A failure it does not know ends it instead, with its words on stderr. */
export type RenderAnswer =
  | { readonly kind: 'progress'; readonly fraction: number }
  | { readonly kind: 'rendered'; readonly report: SentReport }
  | { readonly kind: 'checked'; readonly problem: string | null }
  | { readonly kind: 'storage-full' };
