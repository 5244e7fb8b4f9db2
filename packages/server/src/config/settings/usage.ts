import { priceList } from '../money.ts';
import { choice, matching } from '../parser.ts';
import { setting } from '../setting.ts';

/** What videos cost their owners. */
export const USAGE_SETTINGS = {
  currency: setting({
    group: 'Usage and prices',
    parser: matching(/^[A-Z]{3}$/, 'three capital letters'),
    fallback: 'USD',
    description:
      'The one currency of prices, budgets and the ledger. Amounts that were booked before a change keep their numbers.',
    example: 'CNY',
  }),
  prices: setting({
    group: 'Usage and prices',
    parser: priceList,
    fallback: 'none',
    description:
      'What a second of video costs its owner, by model and size, whichever backend makes it; the section `prices` of the file says it in more words (docs/usage.md). Without a price a video is free.',
    example: 'wan2.2-kf2v-flash=0.02,wan2.1-kf2v-plus:720P=0.1',
    short: false,
  }),
  cancelCharge: setting({
    group: 'Usage and prices',
    parser: choice('release', 'accepted'),
    fallback: 'release',
    description:
      'What a cancelled video costs. `release`: nothing. `accepted`: its full price when a peer had accepted it, and the same for `submission_unknown`.',
    example: 'accepted',
  }),
} as const;
