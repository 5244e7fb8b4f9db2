import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** Signature Version 4 of Amazon, as a server checks it, from its public description and for S3 only. */

export interface SignedRequest {
  readonly method: string;
  /** As it came over the wire, with its query. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
}

export interface Credentials {
  readonly id: string;
  readonly secret: string;
}

type Verdict = 'ok' | 'AccessDenied' | 'InvalidAccessKeyId' | 'SignatureDoesNotMatch' | 'RequestTimeTooSkewed';

const SKEW_MS = 15 * 60_000;

/** Checks who asks. The body is another matter: see `x-amz-content-sha256`. */
export function checkSignature(request: SignedRequest, { id, secret }: Credentials, now = Date.now()): Verdict {
  const { pathname, searchParams } = new URL(request.url, 'http://server');
  const signed = searchParams.has('X-Amz-Signature') ? fromQuery(searchParams) : fromHeader(request.headers);
  if (signed === undefined) return 'AccessDenied';
  const [key, date, region, service, end] = signed.credential.split('/');
  if (key !== id) return 'InvalidAccessKeyId';
  if (service !== 's3' || end !== 'aws4_request' || date !== signed.date.slice(0, 8)) return 'SignatureDoesNotMatch';
  const at = instantOf(signed.date);
  if (now > at + signed.validMs || now < at - SKEW_MS)
    return signed.presigned ? 'AccessDenied' : 'RequestTimeTooSkewed';
  if (!signed.headers.includes('host')) return 'SignatureDoesNotMatch';
  const payload = signed.presigned ? 'UNSIGNED-PAYLOAD' : String(request.headers['x-amz-content-sha256']);
  const canonical = [
    request.method,
    pathname,
    canonicalQuery(searchParams),
    ...signed.headers.map(
      (name) =>
        `${name}:${String(request.headers[name] ?? '')
          .trim()
          .replace(/ +/g, ' ')}`,
    ),
    '',
    signed.headers.join(';'),
    payload,
  ].join('\n');
  const scope = `${date}/${region}/s3/aws4_request`;
  const text = ['AWS4-HMAC-SHA256', signed.date, scope, createHash('sha256').update(canonical).digest('hex')].join(
    '\n',
  );
  const hmac = (by: string | Buffer, what: string) => createHmac('sha256', by).update(what).digest();
  const signing = [date ?? '', region ?? '', 's3', 'aws4_request'].reduce<string | Buffer>(hmac, `AWS4${secret}`);
  const expected = hmac(signing, text);
  const given = Buffer.from(signed.signature, 'hex');
  return given.length === expected.length && timingSafeEqual(given, expected) ? 'ok' : 'SignatureDoesNotMatch';
}

interface Signed {
  readonly credential: string;
  readonly headers: readonly string[];
  readonly signature: string;
  /** `20260131T235959Z`. */
  readonly date: string;
  readonly validMs: number;
  readonly presigned: boolean;
}

function fromHeader(headers: IncomingHttpHeaders): Signed | undefined {
  const found = /^AWS4-HMAC-SHA256 Credential=([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]+)$/.exec(
    headers.authorization ?? '',
  );
  const date = headers['x-amz-date'];
  if (found === null || typeof date !== 'string') return undefined;
  const [, credential = '', names = '', signature = ''] = found;
  return { credential, headers: names.split(';'), signature, date, validMs: SKEW_MS, presigned: false };
}

function fromQuery(query: URLSearchParams): Signed | undefined {
  if (query.get('X-Amz-Algorithm') !== 'AWS4-HMAC-SHA256') return undefined;
  return {
    credential: query.get('X-Amz-Credential') ?? '',
    headers: (query.get('X-Amz-SignedHeaders') ?? '').split(';'),
    signature: query.get('X-Amz-Signature') ?? '',
    date: query.get('X-Amz-Date') ?? '',
    validMs: Number(query.get('X-Amz-Expires') ?? 0) * 1_000,
    presigned: true,
  };
}

function canonicalQuery(query: URLSearchParams): string {
  const encoded = (text: string) =>
    encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
  return [...query]
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => `${encoded(name)}=${encoded(value)}`)
    .toSorted()
    .join('&');
}

function instantOf(date: string): number {
  const [, y, mo, d, h, mi, s] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(date) ?? [];
  return Date.UTC(Number(y), Number(mo) - 1, Number(d), Number(h), Number(mi), Number(s));
}
