import type { Parser } from './parser.ts';

/** An amount of money in micro-units (millionths), written as a decimal number. */
export const amount: Parser<number> = {
  allowed: 'an amount with at most six decimals, such as 0.035',
  read(text) {
    const [whole, units = '', decimals = ''] = /^(\d{1,6})(?:\.(\d{1,6}))?$/.exec(text.trim()) ?? [];
    return whole === undefined ? undefined : { value: Number(units) * 1_000_000 + Number(decimals.padEnd(6, '0')) };
  },
};

/** What a second of a model's video costs, by model and size, in micro-units. */
export type PriceTable = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** For each model its sizes. */
export const PRICED: Readonly<Record<string, readonly string[]>> = {
  'wan2.2-kf2v-flash': ['480P', '720P', '1080P'],
  'wan2.1-kf2v-plus': ['720P'],
};

/** One price for all sizes of a model, or only for those that it names. */
export function pricesOf(model: string, price: number | Readonly<Record<string, number | undefined>>): PriceTable {
  const sizes = PRICED[model] ?? [];
  const pairs =
    typeof price === 'number'
      ? sizes.map((size) => [size, price] as const)
      : Object.entries(price).filter((pair): pair is [string, number] => pair[1] !== undefined);
  return { [model]: Object.fromEntries(pairs) };
}

/** The later table wins, size by size. */
export function joined(tables: readonly PriceTable[]): PriceTable {
  const all: Record<string, Record<string, number>> = {};
  for (const table of tables)
    for (const [model, sizes] of Object.entries(table)) all[model] = { ...all[model], ...sizes };
  return all;
}

/** `wan2.2-kf2v-flash=0.02,wan2.1-kf2v-plus:720P=0.1` */
export const priceList: Parser<PriceTable> = {
  allowed: 'model=amount or model:size=amount pairs separated by commas, or none; amounts have at most six decimals',
  read(text) {
    if (text.trim().toLowerCase() === 'none') return { value: {} };
    const tables: PriceTable[] = [];
    for (const part of text.split(',')) {
      const [, model = '', size, price = ''] = /^\s*([\w.-]+)(?::(\w+))?\s*=\s*([\d.]+)\s*$/.exec(part) ?? [];
      const read = amount.read(price);
      const sizes = Object.hasOwn(PRICED, model) ? PRICED[model] : undefined;
      const named = sizes?.find((each) => each === size?.toUpperCase());
      if (read === undefined || sizes === undefined || (size !== undefined && named === undefined)) return undefined;
      tables.push(pricesOf(model, named === undefined ? read.value : { [named]: read.value }));
    }
    return { value: joined(tables) };
  },
};
