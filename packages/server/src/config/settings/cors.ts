import type { Parser } from '../parser.ts';
import { setting } from '../setting.ts';

/** Origins as browsers spell them. A wildcard would be everybody, and `null` is every sandboxed page there is. */
const origins: Parser<readonly string[]> = {
  allowed: 'origins such as https://app.example.com or http://localhost:5173, separated by commas, or none',
  read(text) {
    if (text.trim().toLowerCase() === 'none') return { value: [] };
    const read = text.split(',').map((part) => originOf(part.trim()));
    const value = read.flatMap((origin) => (origin === undefined ? [] : [origin]));
    return value.length === read.length ? { value: [...new Set(value)] } : undefined;
  },
};

function originOf(text: string): string | undefined {
  const url = /^https?:\/\/[^/?#@*\\\s]+\/?$/i.test(text) ? URL.parse(text) : null;
  return url === null ? undefined : url.origin;
}

/** Which pages of other sites may use the API from a browser. */
export const CORS_SETTINGS = {
  corsOrigins: setting({
    group: 'Access',
    parser: origins,
    fallback: 'none',
    description:
      'Origins whose pages may call the API from a browser, spelled out one by one; cookies are never accepted, and operators’ routes stay closed. With S3 links the bucket needs rules of its own.',
    example: 'https://app.example.com',
  }),
} as const;
