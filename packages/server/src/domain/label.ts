import type { Json } from './attempt.ts';
import type { VideoId } from './id.ts';

/** Who made the content and who passes it on: a name, or the code that the authority has given. */
export interface LabelNames {
  readonly producer: string;
  readonly propagator: string;
}

const OURSELVES: LabelNames = { producer: 'Inbetween', propagator: 'Inbetween' };

/**
 * The implicit content label of GB 45438-2025, key `AIGC` in the MP4's `mdta` metadata: one JSON string.
 *
 * `Label`: "1" is AI-generated content, "2" may be, "3" is suspected to be. Text that a model imagined is "1". The
 * built-in renderer computes its frames from the two given pictures and no model takes part, but it does make moving
 * pictures that no camera saw, and whether the inputs were made by AI is not known to us; "2" says just that.
 *
 * @param video the id by which the producer knows the content
 */
export function aigcLabel(
  video: VideoId | string,
  { generative }: { readonly generative: boolean },
  { producer, propagator }: LabelNames = OURSELVES,
): string {
  return JSON.stringify({
    Label: generative ? '1' : '2',
    ContentProducer: producer,
    ProduceID: video,
    ReservedCode1: '',
    ContentPropagator: propagator,
    PropagateID: video,
    ReservedCode2: '',
  });
}

/**
 * What a finished file says of itself, as it is told in the video's metadata.
 * @param aigc as `aigcLabel` made it
 * @param visible a watermark is drawn, by us or by whoever made the pixels
 */
export function showLabels(aigc: string, visible: boolean): Json {
  return { aigc: JSON.parse(aigc) as Json, visible };
}
