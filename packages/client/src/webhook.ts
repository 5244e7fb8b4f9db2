/** A webhook that does not come from whom it should, or comes too late. */
export class WebhookError extends Error {
  override readonly name = 'WebhookError';
}

/** What came, as it came: the body must be the very bytes, not JSON that was read and written again. */
export interface ReceivedWebhook {
  readonly body: string | Uint8Array;
  readonly headers: Headers | Readonly<Record<string, string | readonly string[] | undefined>>;
}

export interface VerifyOptions {
  /** How far the sender's clock may be from ours. Default five minutes. */
  readonly toleranceSeconds?: number;
  /** In place of the machine's time, in milliseconds. */
  readonly now?: () => number;
}

/**
 * Checks a webhook as Standard Webhooks wants it: HMAC-SHA256 over `id.timestamp.body`, in constant time, not older or
 * newer than the tolerance.
 *
 * @param secrets `whsec_…`; several while one is being replaced by another
 * @returns the message; its type and data are what the sender wrote
 * @throws WebhookError
 */
export async function verifyWebhook<T = unknown>(
  { body, headers }: ReceivedWebhook,
  secrets: string | readonly string[],
  { toleranceSeconds = 300, now = Date.now }: VerifyOptions = {},
): Promise<T> {
  const id = headerOf(headers, 'webhook-id');
  const timestamp = headerOf(headers, 'webhook-timestamp');
  const signatures = headerOf(headers, 'webhook-signature')
    .split(' ')
    .filter((signature) => signature.startsWith('v1,'))
    .map((signature) => decode(signature.slice('v1,'.length)))
    .filter((signature) => signature !== undefined);
  if (!/^\d{1,12}$/.test(timestamp)) throw new WebhookError('webhook-timestamp is not a number of seconds.');
  if (Math.abs(now() / 1000 - Number(timestamp)) > toleranceSeconds) {
    throw new WebhookError(`The webhook was signed more than ${toleranceSeconds} seconds from now.`);
  }
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body;
  const signed = joined(new TextEncoder().encode(`${id}.${timestamp}.`), bytes);
  for (const secret of [secrets].flat()) {
    const key = await keyOf(secret);
    for (const signature of signatures) {
      if (await crypto.subtle.verify('HMAC', key, signature, signed)) {
        return JSON.parse(new TextDecoder().decode(bytes)) as T;
      }
    }
  }
  throw new WebhookError('No signature of the webhook fits the secret.');
}

function keyOf(secret: string) {
  const bytes = decode(secret.replace(/^whsec_/, ''));
  if (bytes === undefined || bytes.length === 0) throw new WebhookError('The secret is not whsec_ and base64.');
  return crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['verify']);
}

function headerOf(headers: ReceivedWebhook['headers'], name: string): string {
  const value =
    headers instanceof Headers
      ? headers.get(name)
      : Object.entries(headers).find(([own]) => own.toLowerCase() === name)?.[1];
  const text = Array.isArray(value) ? value[0] : value;
  if (typeof text === 'string' && text !== '') return text;
  throw new WebhookError(`The header ${name} is missing.`);
}

function decode(base64: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
