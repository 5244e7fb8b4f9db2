/** Money is counted in whole micro-units, millionths of one configured currency, so that sums are exact. */

const MICRO = 1_000_000;
const AMOUNT = /^(\d{1,9})(?:\.(\d{1,6}))?$/;

/** Reads an amount such as `12` or `0.035`; undefined for more than six decimals and for anything else. */
export function readMoney(text: string): number | undefined {
  const [whole, units, decimals = ''] = AMOUNT.exec(text) ?? [];
  if (whole === undefined) return undefined;
  return Number(units) * MICRO + Number(decimals.padEnd(6, '0'));
}

/** An amount as `readMoney` reads it, without zeros at its end. */
export function showMoney(microUnits: number): string {
  const size = Math.abs(microUnits);
  const decimals = String(size % MICRO)
    .padStart(6, '0')
    .replace(/0+$/, '');
  return `${microUnits < 0 ? '-' : ''}${Math.floor(size / MICRO)}${decimals === '' ? '' : `.${decimals}`}`;
}
