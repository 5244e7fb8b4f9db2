import { randomBytes } from 'node:crypto';
import OpenAI from 'openai';
import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { signedHeaders } from './webhook-signature.ts';

const secret = () => `whsec_${randomBytes(32).toString('base64')}`;
const nowSeconds = () => Math.floor(Date.now() / 1000);
const BODY = JSON.stringify({ type: 'video.succeeded', data: { prompt: '小猫 “cat” \u2028' } });

describe('a signature', () => {
  it('is the one of the specification', () => {
    // The example of the Standard Webhooks specification 1.0.0.
    const headers = signedHeaders('msg_p5jXN8AQM9LWM0D4loKWxJek', 1614265330, '{"test": 2432232314}', [
      'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    ]);
    expect(headers).toEqual({
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    });
  });

  it('is verified by the reference package, with either secret during a rotation', () => {
    const [fresh, old, foreign] = [secret(), secret(), secret()];
    const headers = { ...signedHeaders('video_1:4', nowSeconds(), BODY, [fresh, old]) };
    for (const one of [fresh, old]) expect(new Webhook(one).verify(BODY, headers)).toEqual(JSON.parse(BODY));
    expect(() => new Webhook(foreign).verify(BODY, headers)).toThrow();
    expect(() => new Webhook(fresh).verify(`${BODY} `, headers)).toThrow();
    expect(() => new Webhook(fresh).verify(BODY, { ...headers, 'webhook-id': 'video_1:5' })).toThrow();
    const late = { ...signedHeaders('video_1:4', nowSeconds() - 600, BODY, [fresh]) };
    expect(() => new Webhook(fresh).verify(BODY, late)).toThrow();
  });

  it('is verified by the openai package', async () => {
    const [mine, foreign] = [secret(), secret()];
    const headers = signedHeaders('video_1:4', nowSeconds(), BODY, [mine]);
    const { webhooks } = new OpenAI({ apiKey: 'none', webhookSecret: mine });
    expect(await webhooks.unwrap(BODY, headers)).toMatchObject({ type: 'video.succeeded' });
    await expect(webhooks.unwrap(BODY, headers, foreign)).rejects.toThrow();
  });

  it('is never made with a secret that is none', () => {
    for (const none of ['', 'whsec_', 'whsec_AAAA', 'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw']) {
      expect(() => signedHeaders('a', 1, BODY, [none])).toThrow();
    }
    expect(() => signedHeaders('a', 1, BODY, [])).toThrow();
  });
});
