import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { verifyWebhook } from './index.ts';

const SECRET = `whsec_${Buffer.from('a secret of thirty-two bytes, ok').toString('base64')}`;
const NOW = 1_800_000_000_000;
const BODY = JSON.stringify({ type: 'video.succeeded', data: { id: 'video_1', prompt: '猫' } });

function signed(body = BODY, secret = SECRET, at = NOW) {
  const signature = new Webhook(secret).sign('evt_1', new Date(at), body);
  return { 'webhook-id': 'evt_1', 'webhook-timestamp': String(at / 1000), 'webhook-signature': signature };
}

const verify = (
  headers: Record<string, string>,
  body: string | Uint8Array = BODY,
  secrets: string | string[] = SECRET,
) => verifyWebhook({ headers, body }, secrets, { now: () => NOW });

describe('verifying a webhook', () => {
  it('takes what the reference implementation signed, as text or bytes, with any headers', async () => {
    const message = { type: 'video.succeeded', data: { id: 'video_1', prompt: '猫' } };
    expect(await verify(signed())).toEqual(message);
    expect(await verify(signed(), new TextEncoder().encode(BODY))).toEqual(message);
    const headers = new Headers(signed());
    expect(await verifyWebhook({ headers, body: BODY }, SECRET, { now: () => NOW })).toEqual(message);
    const upper = Object.fromEntries(Object.entries(signed()).map(([name, value]) => [name.toUpperCase(), value]));
    expect(await verify(upper)).toEqual(message);
  });

  it('takes either of two secrets and any of several signatures', async () => {
    const other = `whsec_${Buffer.from('another secret of some more bytes').toString('base64')}`;
    const headers = signed();
    const both = `${signed(BODY, other)['webhook-signature']} ${headers['webhook-signature']} v2,x`;
    await verify({ ...headers, 'webhook-signature': both });
    await verify(headers, BODY, [other, SECRET]);
  });

  it.each([
    ['a changed body', signed(), `${BODY} `],
    ['another id', { ...signed(), 'webhook-id': 'evt_2' }, BODY],
    ['another time', { ...signed(), 'webhook-timestamp': String(NOW / 1000 + 1) }, BODY],
    ['a signature of nothing', { ...signed(), 'webhook-signature': 'v1,' }, BODY],
    ['no signature', { ...signed(), 'webhook-signature': '' }, BODY],
    ['another scheme', { ...signed(), 'webhook-signature': signed()['webhook-signature'].replace('v1,', 'v2,') }, BODY],
    ['an old one', signed(BODY, SECRET, NOW - 301_000), BODY],
    ['one from the future', signed(BODY, SECRET, NOW + 301_000), BODY],
    ['no time', { ...signed(), 'webhook-timestamp': 'now' }, BODY],
  ])('refuses %s', async (_what, headers, body) => {
    await expect(verify(headers, body)).rejects.toMatchObject({ name: 'WebhookError' });
  });
});
