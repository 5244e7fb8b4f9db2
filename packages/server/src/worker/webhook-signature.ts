import { createHmac } from 'node:crypto';

const PREFIX = 'whsec_';

/**
 * The headers of one delivery, as the Standard Webhooks specification 1.0.0 wants them: the signed text is
 * `id.timestamp.body`, the key the decoded secret, and there is one signature for each secret that is valid now.
 *
 * @param atSeconds Unix seconds of this try; receivers refuse what is older than five minutes
 */
export function signedHeaders(
  id: string,
  atSeconds: number,
  body: string,
  secrets: readonly string[],
): Readonly<Record<string, string>> {
  if (secrets.length === 0) throw new Error('a delivery must be signed');
  return {
    'webhook-id': id,
    'webhook-timestamp': String(atSeconds),
    'webhook-signature': secrets.map((secret) => sign(`${id}.${atSeconds}.${body}`, secret)).join(' '),
  };
}

function sign(text: string, secret: string): string {
  const key = Buffer.from(secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : '', 'base64');
  // An empty key would let anybody sign.
  if (key.length < 24) throw new Error('a webhook secret has at least 24 bytes');
  return `v1,${createHmac('sha256', key).update(text).digest('base64')}`;
}
