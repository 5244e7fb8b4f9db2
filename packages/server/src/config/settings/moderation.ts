import { baseUrl, choice, duration, matching } from '../parser.ts';
import { optional, setting } from '../setting.ts';

/** The operator's check of what callers ask for. */
export const MODERATION_SETTINGS = {
  moderationUrl: optional({
    group: 'Access',
    parser: baseUrl,
    unset: 'nothing is checked',
    description:
      'A service of yours that is shown prompt and frames of every video before it is queued, and says yes or no. See docs/moderation.md.',
    example: 'http://127.0.0.1:9090/check',
    short: false,
  }),
  moderationSecret: optional({
    group: 'Access',
    parser: matching(/^[\u0021-\u007e]{16,512}$/, '16 to 512 printable ASCII characters without spaces'),
    unset: 'requests to it carry no key',
    description: 'Sent to it as `Authorization: Bearer …`.',
    example: '(32 random characters)',
    short: false,
    secret: true,
    neverEmpty: true,
  }),
  moderationTimeout: setting({
    group: 'Access',
    parser: duration('100ms', '60s'),
    fallback: '10s',
    description: 'How long one verdict may take.',
    example: '5s',
    short: false,
  }),
  moderationFail: setting({
    group: 'Access',
    parser: choice('closed', 'open'),
    fallback: 'closed',
    description:
      'What happens without a verdict: `closed` tries three times and then fails the video with `moderation_unavailable`; `open` admits it, writes that into the log and counts it.',
    example: 'open',
    short: false,
  }),
} as const;
