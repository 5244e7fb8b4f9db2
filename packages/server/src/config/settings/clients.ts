import { duration, either, word } from '../parser.ts';
import { setting } from '../setting.ts';

/** What callers leave with us. */
export const CLIENT_SETTINGS = {
  fileTtl: setting({
    group: 'Life of a video',
    parser: either(word('never', undefined), duration('1m', '36500d')),
    fallback: 'never',
    description:
      'When an uploaded file is removed, unless its upload said so itself. Videos made from it keep copies of their own.',
    example: '30d',
  }),
} as const;
