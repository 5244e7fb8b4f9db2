import { matching } from '../parser.ts';
import { setting } from '../setting.ts';

const name = matching(/^[^\p{Cc}]{1,200}$/u, '1 to 200 characters, no control characters');

/** What finished files say of who made them. */
export const LABEL_SETTINGS = {
  labelProducer: setting({
    group: 'Rendering',
    parser: name,
    fallback: 'Inbetween',
    description:
      'Who the `AIGC` label in every MP4 names as the producer of the content: your name, or the code the authority gave you.',
    example: '001191610133596325171T12566',
    short: false,
  }),
  labelPropagator: setting({
    group: 'Rendering',
    parser: name,
    fallback: 'Inbetween',
    description: 'Who the `AIGC` label names as passing the content on.',
    example: 'Example Ltd',
    short: false,
  }),
} as const;
