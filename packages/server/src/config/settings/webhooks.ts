import { matching } from '../parser.ts';
import { optional } from '../setting.ts';

/** Webhooks. */
export const WEBHOOK_SETTINGS = {
  webhookSecret: optional({
    group: 'Access',
    parser: matching(
      /^whsec_(?:[A-Za-z0-9+/]{4}){8,}(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/,
      '`whsec_` and the base64 of at least 24 random bytes',
    ),
    unset: 'one is made when it is first needed',
    description:
      'Signs what is sent to the `callback_url` of videos of the owner `default`, from the first such video on. Later changes are made by rotating the secret of the callback endpoint.',
    example: '(whsec_ and 32 random bytes as base64)',
    short: false,
    secret: true,
    neverEmpty: true,
  }),
} as const;
