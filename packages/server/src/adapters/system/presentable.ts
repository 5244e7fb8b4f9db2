import { printable } from './printable.ts';

/** Names whose values are never written, whatever they hold. */
const HIDDEN_NAMES =
  /^(authorization|proxy-authorization|cookie|set-cookie|x-api-key|password|passphrase|token|.*secret|.*signature|(negative|actual)?_?prompt)$/i;

/** A key's id (`key_…`) may be written; anything else under such a name is the key itself. */
const KEY_NAME = /^api[-_]?key$/i;

/** What is taken out of any text: secrets of ours, other bearer tokens, credentials and queries of URLs, pictures. */
const HIDDEN_TEXTS: readonly (readonly [RegExp, string])[] = [
  [/\binb_[0-9A-Za-z]{8,}/g, 'inb_…'],
  [/\bBearer\s+[^\s"',]+/gi, 'Bearer …'],
  [/\b(https?:\/\/)[^\s/@"']+@/gi, '$1…@'],
  [/\b(https?:\/\/[^\s?#"']+)\?[^\s"')]*/gi, '$1?…'],
  [/\bdata:[a-z]+\/[a-z0-9.+-]+;base64,[A-Za-z0-9+/=]+/gi, 'data:…'],
];

const HIDDEN = '…';
const MAX_TEXT = 2000;
const MAX_ITEMS = 50;
const MAX_DEPTH = 6;

/**
 * A copy of some facts that is fit to be logged: secrets, prompts, pictures and query strings hidden, errors spelled
 * out with their causes, long texts and lists cut. This is the second net; the first is not to pass such things at all.
 */
export function presentable(facts: object): Record<string, unknown> {
  return entries(facts, 0);
}

/** A printable text without the secrets we know the shape of. */
export function presentableText(text: string): string {
  // Cut first: a picture of ten megabytes in an error text must not be searched five times.
  const cut = text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text;
  return printable(HIDDEN_TEXTS.reduce((rest, [pattern, replacement]) => rest.replace(pattern, replacement), cut));
}

function entries(facts: object, depth: number): Record<string, unknown> {
  const shown: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(facts).slice(0, MAX_ITEMS)) {
    if (value !== undefined) shown[name] = isHidden(name, value) ? HIDDEN : present(value, depth + 1);
  }
  return shown;
}

function isHidden(name: string, value: unknown): boolean {
  if (KEY_NAME.test(name)) return typeof value === 'string' && !value.startsWith('key_');
  return HIDDEN_NAMES.test(name);
}

function present(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return presentableText(value);
  if (typeof value === 'bigint' || typeof value === 'symbol') return String(value);
  if (typeof value === 'function') return undefined;
  if (typeof value !== 'object' || value === null) return value;
  if (depth > MAX_DEPTH) return HIDDEN;
  if (value instanceof Error) return presentError(value, depth);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
  if (value instanceof URL) return presentableText(value.href);
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (Array.isArray(value)) return value.slice(0, MAX_ITEMS).map((item) => present(item, depth + 1));
  return entries(value, depth);
}

function presentError(error: Error, depth: number): Record<string, unknown> {
  return {
    type: error.name,
    message: presentableText(error.message),
    ...('code' in error ? { code: present(error.code, depth + 1) } : {}),
    ...(error.cause === undefined ? {} : { cause: present(error.cause, depth + 1) }),
    ...(error instanceof AggregateError ? { errors: present(error.errors, depth + 1) } : {}),
    stack: presentableText(error.stack ?? ''),
  };
}
