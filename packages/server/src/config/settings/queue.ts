import { duration, either, integer, word } from '../parser.ts';
import { setting } from '../setting.ts';

/** How much may wait, and how long what goes on at a peer is followed. */
export const QUEUE_SETTINGS = {
  queueLimit: setting({
    group: 'Server',
    parser: either(word('none', undefined), integer(1, 10_000_000)),
    fallback: '10000',
    description:
      'How many videos may wait for their first attempt, over all owners. Above it new ones get 429 `queue_full` with `Retry-After`.',
    example: '500',
  }),
  simulate: setting({
    group: 'Server',
    parser: either(word('off', false as const), word('on', true as const)),
    fallback: 'off',
    description:
      'For tests of clients: `on` lets requests ask for a failure, slowness or a stall with the header `X-Inbetween-Simulate`. Never on a server that others use.',
    example: 'on',
    short: false,
  }),
  stallDeadline: setting({
    group: 'Life of a video',
    parser: duration('10s', '7d'),
    fallback: '15m',
    description: 'How long a backend that tells progress may go on without telling more.',
    example: '1h',
  }),
  stopDeadline: setting({
    group: 'Life of a video',
    parser: duration('1m', '7d'),
    fallback: '1h',
    description:
      'How long the end of a stopped operation at a peer is awaited at least. Its slot stays taken meanwhile.',
    example: '10m',
  }),
  lateDeadline: setting({
    group: 'Life of a video',
    parser: duration('1m', '30d'),
    fallback: '24h',
    description: 'How long a paid operation is followed after its video failed with `timeout`.',
    example: '6h',
  }),
  lateTtl: setting({
    group: 'Life of a video',
    parser: duration('1m', '365d'),
    fallback: '7d',
    description: 'How long the result of such an operation is kept for the operator.',
    example: '30d',
  }),
} as const;
