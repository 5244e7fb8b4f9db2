import type { Config } from '../config/config.ts';
import type { UpstreamCost } from '../worker/upstream-cost.ts';

const MICRO = 1_000_000;

/** What peers charge, by the `price` of their backends; one in another currency than the ledger's is not booked. */
export function upstreamCostOf({ generation, usage }: Config): UpstreamCost {
  const prices = new Map(
    generation.backends.flatMap(({ name, entry: { price } }) =>
      price?.currency === usage.currency ? [[name, price.perSecond] as const] : [],
    ),
  );
  return ({ backend, generation: { size, seconds } }) => {
    const perSecond = prices.get(backend)?.[size];
    return perSecond === undefined ? undefined : Math.round(perSecond * MICRO) * seconds;
  };
}
