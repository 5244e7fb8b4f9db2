/** The vocabulary of the IPTC for how a picture came about. */
const SOURCE_TYPES = 'http://cv.iptc.org/newscodes/digitalsourcetype/';

/**
 * How the pictures came about. What a model imagined is media of a trained algorithm. The built-in renderer was trained
 * on nothing and computes its frames, so it is the other one: saying "trained" of it would be as wrong as saying nothing.
 */
export function sourceTypeOf(generative: boolean): 'trainedAlgorithmicMedia' | 'algorithmicMedia' {
  return generative ? 'trainedAlgorithmicMedia' : 'algorithmicMedia';
}

/** What is signed of a video: who made it, with what, and of what sort it is. Nothing the caller wrote is in it. */
export function manifestOf(video: string, sourceType: string, format: string): object {
  const agent = { name: 'Inbetween' };
  return {
    claim_generator_info: [agent],
    title: video,
    format,
    assertions: [
      {
        label: 'c2pa.actions.v2',
        data: {
          actions: [
            { action: 'c2pa.created', digitalSourceType: `${SOURCE_TYPES}${sourceType}`, softwareAgent: agent },
          ],
        },
      },
    ],
  };
}
