import type { Generation } from './generation.ts';

/**
 * What a video costs its owner. It is there when something is reserved: when the model has a price, or the owner or the
 * key has a budget. Its state leaves `reserved` once, in the write that ends the video.
 */
export interface Charge {
  readonly seconds: number;
  readonly microUnits: number;
  /** Null when nothing has a price. */
  readonly currency: string | null;
  readonly state: 'reserved' | 'settled' | 'released';
}

/** What a second of each model's video costs, by size, in micro-units. What is not listed is free. */
export interface Prices {
  readonly currency: string;
  readonly perSecond: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** What a second of a video costs; undefined: it has no price. */
export function pricePerSecond(
  { perSecond }: Prices,
  { model, size }: Pick<Generation, 'model' | 'size'>,
): number | undefined {
  const sizes = Object.hasOwn(perSecond, model) ? perSecond[model] : undefined;
  return sizes !== undefined && Object.hasOwn(sizes, size) ? sizes[size] : undefined;
}

/** What is to be reserved for a video; null: nothing, because it is free and no budget counts it. */
export function reservationFor(
  generation: Pick<Generation, 'model' | 'size' | 'seconds'>,
  prices: Prices,
  budgeted: boolean,
): Charge | null {
  const price = pricePerSecond(prices, generation);
  if (price === undefined && !budgeted) return null;
  return {
    seconds: generation.seconds,
    microUnits: (price ?? 0) * generation.seconds,
    currency: price === undefined ? null : prices.currency,
    state: 'reserved',
  };
}

/**
 * The one end of a reservation. A video that succeeded is settled; one that failed or was cancelled is free, unless a peer
 * had accepted it (or may have) and the operator charges for that.
 */
export function closed(charge: Charge | null, settles: boolean): Charge | null {
  return charge === null ? null : { ...charge, state: settles ? 'settled' : 'released' };
}
