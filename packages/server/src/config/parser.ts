import ipaddr from 'ipaddr.js';

/** How the text of one setting becomes a value. */
export interface Parser<T> {
  /** Completes "allowed is …". */
  readonly allowed: string;
  /** The value in a box (it may itself be undefined), or undefined when the text is not allowed. */
  read(text: string): { readonly value: T } | undefined;
}

/** A whole number within bounds. */
export function integer(min: number, max: number): Parser<number> {
  return {
    allowed: `a whole number from ${min} to ${max}`,
    read(text) {
      const value = Number(text);
      return /^\d{1,15}$/.test(text) && value >= min && value <= max ? { value } : undefined;
    },
  };
}

/** One of some words. */
export function choice<const Word extends string>(...words: readonly Word[]): Parser<Word> {
  return {
    allowed: words.join(', '),
    read(text) {
      const value = words.find((word) => word === text.toLowerCase());
      return value === undefined ? undefined : { value };
    },
  };
}

/** Either parser, the first one first. */
export function either<A, B>(first: Parser<A>, second: Parser<B>): Parser<A | B> {
  return { allowed: `${first.allowed}, or ${second.allowed}`, read: (text) => first.read(text) ?? second.read(text) };
}

/** Any text that matches. */
export function matching(pattern: RegExp, allowed: string): Parser<string> {
  return { allowed, read: (text) => (pattern.test(text) ? { value: text } : undefined) };
}

/** A word that stands for a value. */
export function word<const T>(text: string, value: T): Parser<T> {
  return { allowed: text, read: (found) => (found.toLowerCase() === text ? { value } : undefined) };
}

const DURATION_UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A length of time in milliseconds, written as `500ms`, `90s`, `15m`, `24h` or `30d`. */
export function duration(min: string, max: string): Parser<number> {
  const [least, most] = [readDuration(min) ?? 0, readDuration(max) ?? 0];
  return {
    allowed: `a time from ${min} to ${max}, such as 90s, 15m, 24h or 30d`,
    read(text) {
      const value = readDuration(text);
      return value !== undefined && value >= least && value <= most ? { value } : undefined;
    },
  };
}

function readDuration(text: string): number | undefined {
  return readAmount(text, /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h|d)$/, DURATION_UNITS);
}

const SIZE_UNITS: Readonly<Record<string, number>> = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 };

/** A number of bytes, written as `28MiB`. Not as `28MB`: half of the world means 2^20 by it and the other half 10^6. */
export function size(min: string, max: string): Parser<number> {
  const [least, most] = [readSize(min) ?? 0, readSize(max) ?? 0];
  return {
    allowed: `a size from ${min} to ${max}, such as 512KiB, 28MiB or 2GiB`,
    read(text) {
      const value = readSize(text);
      return value !== undefined && value >= least && value <= most ? { value } : undefined;
    },
  };
}

function readSize(text: string): number | undefined {
  return readAmount(text, /^(\d{1,9}(?:\.\d{1,3})?)(B|KiB|MiB|GiB|TiB)$/, SIZE_UNITS);
}

function readAmount(text: string, pattern: RegExp, units: Readonly<Record<string, number>>): number | undefined {
  const [, number, unit = ''] = pattern.exec(text) ?? [];
  const factor = units[unit];
  return number === undefined || factor === undefined ? undefined : Math.round(Number(number) * factor);
}

/**
 * An absolute http(s) URL, without a slash at its end. A path is allowed, for a proxy that serves us under
 * `/video/` and takes that prefix off; a query, fragment or user name has no meaning in front of our routes.
 */
export const baseUrl: Parser<string> = {
  allowed: 'an absolute http(s) URL without user name, query or fragment, such as https://video.example.com',
  read(text) {
    const url = /^https?:\/\//i.test(text) ? URL.parse(text) : null;
    if (url === null || url.username !== '' || url.password !== '' || /[?#\s\\]/.test(text)) return undefined;
    return { value: url.href.replace(/\/+$/, '') };
  },
};

export const LANES = ['admit', 'generate', 'drain', 'deliver', 'sweep'] as const;
export type LaneName = (typeof LANES)[number];

/** Some of the lanes, separated by commas. */
export const lanes: Parser<readonly LaneName[]> = {
  allowed: `some of ${LANES.join(', ')}, separated by commas`,
  read(text) {
    const names = text.split(',').map((name) => name.trim());
    const value = LANES.filter((lane) => names.includes(lane));
    return value.length > 0 && names.every((name) => LANES.some((lane) => lane === name)) ? { value } : undefined;
  },
};

const PROXY_NAMES: ReadonlySet<string> = new Set(['loopback', 'linklocal', 'uniquelocal']);

/** Addresses and networks of proxies, separated by commas. */
export const proxies: Parser<readonly string[]> = {
  allowed: 'addresses and networks of proxies separated by commas, such as 10.0.0.0/8,::1 or loopback',
  read(text) {
    const value = text.split(',').map((part) => part.trim());
    const known = (part: string) =>
      PROXY_NAMES.has(part) || ipaddr.isValidCIDR(part) || ipaddr.IPv4.isValidFourPartDecimal(part) || isIPv6(part);
    return value.every(known) ? { value } : undefined;
  },
};

function isIPv6(text: string): boolean {
  return text.includes(':') && ipaddr.IPv6.isValid(text);
}
