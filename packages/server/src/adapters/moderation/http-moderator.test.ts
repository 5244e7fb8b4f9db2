import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FakeModeration, startFakeModeration } from '../../../../../test/support/fakes/moderation/server.ts';
import { pngHeader } from '../../../../../test/support/pictures.ts';
import { Fault } from '../../domain/fault.ts';
import type { OwnerId, VideoId } from '../../domain/id.ts';
import type { ModerationAsk, Verdict } from '../../ports/moderator.ts';
import { systemClock } from '../system/clock.ts';
import { createHttpModerator, type HttpModeratorOptions } from './http-moderator.ts';

let service: FakeModeration;
const FIRST = join(import.meta.dirname, '../../../../renderer/assets/sample_first.png');
const LAST = pngHeader(1280, 720);
const ASK: ModerationAsk = {
  video: 'video_1' as VideoId,
  owner: 'alice' as OwnerId,
  model: 'wan2.2-kf2v-flash',
  prompt: '小猫 "looks" up\n',
  negativePrompt: 'blur',
  // As the preparer has them (a file), and as a test has them.
  frames: { first: { path: FIRST }, last: { bytes: LAST } },
};

beforeEach(async () => {
  service = await startFakeModeration();
});
afterEach(() => service.http.kill());

function judge(options: Partial<HttpModeratorOptions> = {}, signal = new AbortController().signal): Promise<Verdict> {
  const given = { url: service.url, secret: 'a secret of an operator', timeoutMs: 5_000, clock: systemClock };
  return createHttpModerator({ ...given, ...options }).judge(ASK, signal);
}

/** Why there was no verdict; what a caller is told is always the same. */
async function noVerdict(verdict: Promise<Verdict>): Promise<string> {
  const fault: unknown = await verdict.then(
    (said) => said,
    (error: unknown) => error,
  );
  expect(fault).toBeInstanceOf(Fault);
  const { code, message, cause, retryable } = fault as Fault;
  expect([code, message, retryable]).toEqual([
    'moderation_unavailable',
    'The content check of this server gave no verdict.',
    true,
  ]);
  return String(cause);
}

describe('an ask', () => {
  it('carries the words, the owner and the very bytes of both frames, and the secret', async () => {
    expect(await judge()).toEqual({ allowed: true });
    const [ask] = service.asks;
    expect(ask).toEqual({
      type: 'moderation',
      id: 'video_1',
      owner: 'alice',
      model: 'wan2.2-kf2v-flash',
      prompt: ASK.prompt,
      negative_prompt: 'blur',
      images: [expect.any(String), expect.any(String)],
    });
    const hash = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
    const sent = (ask?.images ?? []).map((url) => {
      expect(url).toMatch(/^data:image\/png;base64,/);
      return hash(Buffer.from(url.split(',')[1] ?? '', 'base64'));
    });
    expect(sent).toEqual([hash(readFileSync(FIRST)), hash(LAST)]);
    expect(service.authorizations).toEqual(['Bearer a secret of an operator']);
  });

  it('carries no key where there is no secret', async () => {
    await judge({ secret: undefined });
    expect(service.authorizations).toEqual([undefined]);
  });
});

describe('a verdict', () => {
  it.each([
    [{ allowed: true }, { allowed: true }],
    [{ allowed: true, score: 0.1, reason: 'fine' }, { allowed: true }],
    [{ allowed: false }, { allowed: false, param: undefined, reason: '' }],
    [
      { allowed: false, param: 'images[1]', reason: 'a face' },
      { allowed: false, param: 'images[1]', reason: 'a face' },
    ],
    // Whom it blames in words of its own is not passed on; that it said no is.
    [
      { allowed: false, param: '<script>', reason: 7 },
      { allowed: false, param: undefined, reason: '' },
    ],
    [
      { allowed: false, param: null, reason: null },
      { allowed: false, param: undefined, reason: '' },
    ],
    [
      { allowed: false, reason: 'x'.repeat(2_000) },
      { allowed: false, param: undefined, reason: 'x'.repeat(500) },
    ],
  ])('%j', async (body, verdict) => {
    service.says = () => ({ body });
    expect(await judge()).toEqual(verdict);
  });

  it.each([
    ['a status other than 200', () => ({ status: 204 }), /status 204/],
    ['a yes with another status', () => ({ status: 500, body: { allowed: true } }), /status 500/],
    ['a page of a door in front', () => ({ body: '<html>please log in</html>' }), /JSON/],
    ['yes as text', () => ({ body: { allowed: 'true' } }), /boolean/],
    ['yes as a number', () => ({ body: { allowed: 1 } }), /boolean/],
    ['nothing', () => ({ body: {} }), /boolean/],
    ['null', () => ({ body: 'null' }), /object/],
    ['a list', () => ({ body: '[{"allowed":true}]' }), /object/],
    ['more than 64 KiB', () => ({ body: { allowed: true, x: 'x'.repeat(70_000) } }), /too long/],
    ['a redirect', () => ({ status: 307, headers: { location: '/check' } }), /fetch failed/],
  ])('is not %s', async (_what, reply, why) => {
    service.says = reply;
    expect(await noVerdict(judge())).toMatch(why);
    expect(service.asks).toHaveLength(1);
  });

  it('is nothing but an object whose `allowed` is true or false', async () => {
    await fc.assert(
      fc.asyncProperty(fc.json(), async (text) => {
        const answered: typeof fetch = async () => new Response(text);
        const said: unknown = JSON.parse(text);
        const allowed = typeof said === 'object' && said !== null && !Array.isArray(said) && 'allowed' in said;
        const verdict = await judge({ fetch: answered }).catch(() => undefined);
        if (allowed && typeof said.allowed === 'boolean') expect(verdict?.allowed).toBe(said.allowed);
        else expect(verdict).toBeUndefined();
      }),
      { numRuns: 200 },
    );
  });
});

describe('an outage', () => {
  it.each([['lost-request'], ['lost-answer'], ['gibberish']] as const)('%s gives no verdict', async (kind) => {
    service.http.faults.add('POST', { kind });
    await noVerdict(judge());
  });

  it('an answer that breaks off gives no verdict', async () => {
    service.http.faults.add('POST', { kind: 'cut-body', share: 0.5 });
    await noVerdict(judge());
  });

  it('silence ends', async () => {
    service.http.faults.add('POST', { kind: 'silence' });
    expect(await noVerdict(judge({ timeoutMs: 50 }))).toMatch('no verdict within 50 ms');
  });

  it('nobody there', async () => {
    const { url } = service;
    await service.http.kill();
    expect(await noVerdict(judge({ url }))).toMatch('fetch failed');
  });

  it('a worker that stops does not wait for it, and learns no verdict', async () => {
    service.http.faults.add('POST', { kind: 'silence' });
    const stop = new AbortController();
    const running = judge({}, stop.signal);
    service.http.onCall = () => stop.abort(new Error('shutting down'));
    await expect(running).rejects.toThrow('shutting down');
  });
});
