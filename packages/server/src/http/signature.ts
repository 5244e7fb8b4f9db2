import { createHmac, timingSafeEqual } from 'node:crypto';
import { Fault } from '../domain/fault.ts';

/** A secret that signs addresses, and the name by which an address says which one it was signed with. */
export interface SigningSecret {
  readonly kid: string;
  readonly secret: string;
}

/** Signs addresses that open one file without a key, and checks them. */
export interface UrlSigner {
  /** The query that opens `variant` at `path`: `exp=…&kid=…&sig=…`. The same text for a whole hour, so ETags stay. */
  sign(path: string, variant: string, now: number): string;
  /** The query that opens it until just then, Unix seconds, for what shall not last a day. */
  signUntil(path: string, variant: string, until: number): string;
  /** When an address signed now ends, Unix seconds. */
  validUntil(now: number): number;
  /** @throws Fault `invalid_signature`, the same for forged and expired but in words */
  verify(path: string, variant: string, query: SignedQuery, now: number): void;
}

/** The query of a signed address, as it came. */
export interface SignedQuery {
  readonly exp?: unknown;
  readonly kid?: unknown;
  readonly sig?: unknown;
}

const HOUR_MS = 3_600_000;
const SECRET_MIN = 32;
/** Signatures kept: polling asks for the same one again and again, and making it is a tenth of such an answer's cost. */
const KEPT_MAX = 10_000;
const KID = /^[A-Za-z0-9_-]{1,32}$/;

/**
 * @param secrets the first signs; all of them verify, so that a secret can be replaced without breaking addresses at once
 * @param lifeMs how long an address is good at least; never under an hour
 */
export function createUrlSigner(
  secrets: readonly [SigningSecret, ...SigningSecret[]],
  lifeMs: number = 24 * HOUR_MS,
): UrlSigner {
  for (const { kid, secret } of secrets) {
    // An empty or guessable secret signs anything for anybody (CVE-2026-41432 was an empty one).
    if (secret.length < SECRET_MIN) throw new Error(`signing secret "${kid}" is shorter than ${SECRET_MIN} characters`);
    if (!KID.test(kid)) throw new Error('the name of a signing secret is 1 to 32 of A-Z a-z 0-9 _ -');
  }
  const [current] = secrets;
  const byName = new Map(secrets.map((each) => [each.kid, each.secret]));
  const life = Math.max(lifeMs, HOUR_MS);
  const validUntil = (now: number) => (Math.ceil((now + life) / HOUR_MS) * HOUR_MS) / 1000;

  const kept = new Map<string, string>();
  let keptFor = 0;

  function signUntil(path: string, variant: string, until: number): string {
    const exp = String(until);
    return `exp=${exp}&kid=${current.kid}&sig=${digest(current.secret, path, variant, exp, current.kid)}`;
  }

  return {
    validUntil,
    signUntil,
    sign(path, variant, now) {
      const until = validUntil(now);
      if (until !== keptFor || kept.size >= KEPT_MAX) kept.clear();
      keptFor = until;
      const name = `${path}\n${variant}`;
      const known = kept.get(name);
      if (known !== undefined) return known;
      const query = signUntil(path, variant, until);
      kept.set(name, query);
      return query;
    },
    verify(path, variant, { exp, kid, sig }, now) {
      if (typeof exp !== 'string' || typeof kid !== 'string' || typeof sig !== 'string') throw forged();
      const secret = byName.get(kid);
      if (secret === undefined || !/^\d{1,12}$/.test(exp)) throw forged();
      const right = Buffer.from(digest(secret, path, variant, exp, kid));
      const given = Buffer.from(sig);
      if (right.length !== given.length || !timingSafeEqual(right, given)) throw forged();
      // Only now: whether a forged address has expired is nobody's business.
      if (Number(exp) * 1000 <= now) {
        throw new Fault('invalid_signature', 'This address has expired. Retrieve the video again for a fresh one.', {
          param: 'exp',
        });
      }
    },
  };
}

/** Fields are joined by a character that none of them can contain, so no two addresses share a signed text. */
function digest(secret: string, path: string, variant: string, exp: string, kid: string): string {
  return createHmac('sha256', secret).update(`${path}\n${variant}\n${exp}\n${kid}`).digest('base64url');
}

function forged(): Fault {
  return new Fault(
    'invalid_signature',
    'The signature of this address is not valid. Retrieve the video again and use its url as it is.',
    { param: 'sig' },
  );
}
