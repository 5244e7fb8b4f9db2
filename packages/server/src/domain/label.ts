import type { VideoId } from './id.ts';

/**
 * The implicit content label of GB 45438-2025, key `AIGC` in the MP4's `mdta` metadata: one JSON string.
 *
 * `Label`: "1" is AI-generated content, "2" may be, "3" is suspected to be. Text that a model imagined is "1". The
 * built-in renderer computes its frames from the two given pictures and no model takes part, but it does make moving
 * pictures that no camera saw, and whether the inputs were made by AI is not known to us; "2" says just that.
 *
 * @param video the id by which the producer knows the content
 */
export function aigcLabel(video: VideoId | string, { generative }: { readonly generative: boolean }): string {
  return JSON.stringify({
    Label: generative ? '1' : '2',
    ContentProducer: 'Inbetween',
    ProduceID: video,
    ReservedCode1: '',
    ContentPropagator: 'Inbetween',
    PropagateID: video,
    ReservedCode2: '',
  });
}
