import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';

/** The algorithms of C2PA that go with a key. */
export type SigningAlgorithm = 'es256' | 'es384' | 'es512' | 'ps256' | 'ed25519';

/** A certificate that signs, with those above it, and its key. */
export interface Credentials {
  readonly algorithm: SigningAlgorithm;
  /** The certificate's own name. */
  readonly signer: string;
  readonly expiresAt: number;
}

const CURVES: Readonly<Record<string, SigningAlgorithm>> = {
  prime256v1: 'es256',
  secp384r1: 'es384',
  secp521r1: 'es512',
};
const RSA_BITS_MIN = 2_048;

/** What is wrong with the certificate or its key, in words for the operator. */
export class CredentialsError extends Error {
  override readonly name = 'CredentialsError';
}

/**
 * Reads what signs: a PEM chain whose first certificate signs, and its private key.
 * @throws CredentialsError
 */
export function readCredentials(chain: string, key: string, now: number): Credentials {
  const [own] = chain.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? [];
  if (own === undefined) throw new CredentialsError('the certificate file holds no PEM certificate');
  const certificate = attempt(() => new X509Certificate(own), 'the first certificate cannot be read');
  const secret = attempt(() => createPrivateKey(key), 'the key file holds no PEM private key without a passphrase');
  if (!certificate.checkPrivateKey(secret)) throw new CredentialsError('the key does not belong to the certificate');
  const [begins, ends] = [Date.parse(certificate.validFrom), Date.parse(certificate.validTo)];
  if (now < begins) throw new CredentialsError(`the certificate is good from ${new Date(begins).toISOString()} on`);
  if (now >= ends) throw new CredentialsError(`the certificate expired at ${new Date(ends).toISOString()}`);
  return { algorithm: algorithmOf(secret), signer: nameOf(certificate), expiresAt: ends };
}

function attempt<T>(read: () => T, problem: string): T {
  try {
    return read();
  } catch (error) {
    throw new CredentialsError(problem, { cause: error });
  }
}

function algorithmOf({ asymmetricKeyType: kind, asymmetricKeyDetails: details = {} }: KeyObject): SigningAlgorithm {
  const curve = CURVES[details.namedCurve ?? ''];
  if (kind === 'ec' && curve !== undefined) return curve;
  if (kind === 'ed25519') return 'ed25519';
  if ((kind === 'rsa' || kind === 'rsa-pss') && (details.modulusLength ?? 0) >= RSA_BITS_MIN) return 'ps256';
  throw new CredentialsError(
    `a key of type ${kind} cannot sign; use EC (P-256, P-384, P-521), Ed25519 or RSA of ${RSA_BITS_MIN} bits and more`,
  );
}

function nameOf({ subject }: X509Certificate): string {
  const common = /^CN=(.+)$/m.exec(subject)?.[1];
  return (common ?? subject.replaceAll('\n', ', ')).slice(0, 200);
}
