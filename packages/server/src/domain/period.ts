/** Days and months of the books, in UTC. */

/** `2026-11-26` */
export function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}

/** `2026-11` */
export function monthOf(at: number): string {
  return new Date(at).toISOString().slice(0, 7);
}

/** When the month after this instant's begins. */
export function nextMonth(at: number): number {
  const date = new Date(at);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1);
}

const DAY = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$/;

/** Whether a text names a day that there is. */
export function isDay(text: string): boolean {
  return DAY.test(text) && dayOf(Date.parse(text)) === text;
}
