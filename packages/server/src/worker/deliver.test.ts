import { Webhook } from 'standardwebhooks';
import { afterEach, describe, expect, it } from 'vitest';
import { createFakeClock } from '../../../../test/support/clock.ts';
import { createCountingMeter, createFakeBell, createFakeIds, createQuietLog } from '../../../../test/support/fakes.ts';
import { createMemoryStore } from '../adapters/stores/memory/store.ts';
import { type Endpoint, rotate } from '../domain/endpoint.ts';
import { eventOf } from '../domain/event.ts';
import { Fault } from '../domain/fault.ts';
import { cancel, entomb } from '../domain/transitions.ts';
import type { Video } from '../domain/video.ts';
import type { Post, Posted } from '../ports/poster.ts';
import { ALICE, POLICY, pending } from '../ports/store-contract/fixtures.contract.ts';
import { createDeliverLane } from './deliver.ts';
import type { Part } from './part.ts';

const MINUTE = 60_000;
const opened: { readonly lane: Part; readonly clock: ReturnType<typeof createFakeClock> }[] = [];

afterEach(async () => {
  for (const { lane, clock } of opened.splice(0)) {
    const stopping = lane.stop(0);
    await clock.advance(10_000);
    await stopping;
  }
});

type Answer = number | Fault | Promise<number> | Posted;

/** A lane over memory whose receiver answers what a test says; 204 unless told otherwise. */
async function stage(answers: Answer[] = []) {
  const clock = createFakeClock();
  const bell = createFakeBell();
  const ids = createFakeIds();
  const store = createMemoryStore();
  const posts: { readonly url: string; readonly post: Post; readonly at: number }[] = [];
  const endpoint: Endpoint = {
    id: ids.endpoint(),
    owner: ALICE,
    kind: 'registered',
    url: 'https://example.com/hook',
    description: '',
    events: ['video.cancelled', 'video.deleted'],
    apiKey: null,
    secrets: [{ secret: ids.webhookSecret(), until: null }],
    createdAt: clock.now(),
    disabledAt: null,
    disabledReason: null,
  };
  await store.webhooks.addEndpoint(endpoint);
  const lane = createDeliverLane({
    clock,
    bell,
    ids,
    log: createQuietLog(),
    meter: createCountingMeter(),
    webhooks: store.webhooks,
    videos: store.videos,
    present: (video, type) => ({ type, data: { id: video.id, status: video.status } }),
    poster: {
      check: () => undefined,
      async post(url, post, _ms, signal) {
        posts.push({ url, post, at: clock.now() });
        const answer = await Promise.race([
          answers.shift() ?? 204,
          new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
        ]);
        if (answer instanceof Fault) throw answer;
        return typeof answer === 'number' ? { status: answer, retryAfterMs: undefined } : answer;
      },
    },
  });
  opened.push({ lane, clock });
  await lane.start();
  await clock.settle();
  let count = 0;

  async function cancelOne(): Promise<Video> {
    count += 1;
    const fresh = pending(count, { at: clock.now() });
    await store.videos.insert(fresh, {});
    const next = cancel(fresh, clock.now(), POLICY);
    const written = await store.videos.swap(fresh, next, { event: eventOf(fresh, next) });
    bell.ring('deliver');
    await clock.settle();
    if (written === 'stale') throw new Error('stale');
    return written;
  }
  const log = async () => (await store.webhooks.list(ALICE, { limit: 100 })).items;
  /** Lets the next try of every delivery come now; walking a fake clock through days of idle looks takes too long. */
  async function hurry(tries: number): Promise<void> {
    for (let n = 0; n < tries; n += 1) {
      for (const delivery of await log()) {
        if (delivery.state === 'waiting') await store.webhooks.swap(delivery, { ...delivery, dueAt: clock.now() });
      }
      bell.ring('deliver');
      await clock.settle();
    }
  }
  const known = async () => (await store.webhooks.endpoint(endpoint.id)) as Endpoint;
  return { clock, bell, store, lane, endpoint, posts, cancelOne, log, known, hurry };
}

describe('lane deliver', () => {
  it('sends a signed body at once, and never again', async () => {
    const { clock, posts, endpoint, cancelOne, log } = await stage();
    const video = await cancelOne();
    await clock.advance(MINUTE);
    expect(posts).toHaveLength(1);
    const { url, post, at } = posts[0] as (typeof posts)[0];
    expect(url).toBe('https://example.com/hook');
    expect(post.headers['webhook-id']).toBe(`${video.id}:${video.version}`);
    expect(post.headers['webhook-timestamp']).toBe(String(Math.floor(at / 1000)));
    expect(JSON.parse(post.body)).toEqual({
      type: 'video.cancelled',
      data: { id: video.id, status: 'cancelled' },
    });
    const webhook = new Webhook(endpoint.secrets[0]?.secret ?? '');
    // The reference package checks against the real time, which a fake clock is far from: sign and compare.
    const signature = webhook.sign(`${video.id}:${video.version}`, new Date(Math.floor(at / 1000) * 1000), post.body);
    expect(post.headers['webhook-signature']).toBe(signature);
    expect(await log()).toMatchObject([{ state: 'delivered', tries: 1, log: [{ status: 204, problem: null }] }]);
  });

  it('tries again on its schedule under the same id, and tells why it failed', async () => {
    const { clock, posts, cancelOne, log, hurry } = await stage([
      500,
      302,
      new Fault('image_unreachable', 'The address could not be fetched.'),
      200,
    ]);
    await cancelOne();
    await clock.advance(5_000);
    await clock.advance(5 * MINUTE);
    await hurry(1);
    expect(posts.map(({ at }) => at - (posts[0]?.at ?? 0))).toEqual([0, 5_000, 305_000, 305_000]);
    expect(new Set(posts.map(({ post }) => post.headers['webhook-id'])).size).toBe(1);
    const [delivery] = await log();
    expect(delivery).toMatchObject({ state: 'delivered', tries: 4 });
    expect(delivery?.log.map(({ problem }) => problem)).toEqual([
      'The address answered with status 500.',
      'The address answered with status 302; redirects are not followed.',
      'The address could not be fetched.',
      null,
    ]);
  });

  it('waits as long as Retry-After says', async () => {
    const { clock, posts, cancelOne } = await stage([{ status: 429, retryAfterMs: 2 * MINUTE }]);
    await cancelOne();
    await clock.advance(2 * MINUTE - 1_000);
    expect(posts).toHaveLength(1);
    await clock.advance(1_000);
    expect(posts).toHaveLength(2);
  });

  it('disables an endpoint at 410 and drops what it was still owed', async () => {
    const { posts, cancelOne, known, log, hurry } = await stage([500, 410]);
    await cancelOne();
    await cancelOne();
    expect(await known()).toMatchObject({ disabledReason: 'The address answered 410 Gone.' });
    await hurry(2);
    expect(posts).toHaveLength(2);
    expect((await log()).map(({ state }) => state)).toEqual(['failed', 'failed']);
    await cancelOne();
    expect(await log()).toHaveLength(2);
  });

  it('disables an endpoint that took nothing for three days, but not one that takes some', async () => {
    const dead = await stage(Array.from({ length: 20 }, () => 500));
    await dead.cancelOne();
    await dead.hurry(12);
    expect(dead.posts).toHaveLength(10);
    expect(await dead.known()).toMatchObject({ disabledAt: expect.any(Number) });

    const moody = await stage([500, 204, ...Array.from({ length: 20 }, () => 500)]);
    await moody.cancelOne();
    await moody.cancelOne();
    await moody.hurry(12);
    expect((await moody.log()).map(({ state }) => state).toSorted()).toEqual(['delivered', 'failed']);
    expect(await moody.known()).toMatchObject({ disabledAt: null });
  });

  it('signs with both secrets while a rotation overlaps', async () => {
    const { clock, posts, store, endpoint, cancelOne } = await stage();
    const fresh = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
    await store.webhooks.swapEndpoint(endpoint, rotate(endpoint, fresh, clock.now(), MINUTE));
    await cancelOne();
    await clock.advance(MINUTE);
    await cancelOne();
    const signatures = posts.map(({ post }) => post.headers['webhook-signature']?.split(' ').length);
    expect(signatures).toEqual([2, 1]);
  });

  it('counts nothing when a shutdown cuts a try off, and sends it after the start', async () => {
    const { clock, lane, cancelOne, log } = await stage([new Promise<number>(() => undefined)]);
    await cancelOne();
    const stopping = lane.stop(0);
    await clock.advance(10_000);
    await stopping;
    expect(await log()).toMatchObject([{ state: 'waiting', tries: 0, log: [] }]);
    expect((await log())[0]?.dueAt).toBeLessThanOrEqual(clock.now());
  });

  it('tells of a deletion without a word of what was deleted', async () => {
    const { clock, store, posts, bell } = await stage();
    const fresh = pending(9, { at: clock.now(), prompt: 'a secret prompt' });
    await store.videos.insert(fresh, {});
    const gone = entomb(fresh, clock.now(), POLICY);
    await store.videos.swap(fresh, gone, { event: eventOf(fresh, gone) });
    bell.ring('deliver');
    await clock.settle();
    expect(posts).toHaveLength(1);
    expect(posts[0]?.post.body).not.toContain('secret');
  });

  it('lets other endpoints pass one that does not answer', async () => {
    const never = Array.from({ length: 4 }, () => new Promise<number>(() => undefined));
    const { clock, posts, store, endpoint, cancelOne } = await stage(never);
    for (let n = 0; n < 6; n += 1) await cancelOne();
    const other = { ...endpoint, id: `${endpoint.id.slice(0, -1)}9` as Endpoint['id'], url: 'https://other.example/' };
    await store.webhooks.addEndpoint(other);
    await cancelOne();
    await clock.advance(2_000);
    expect(posts.some(({ url }) => url === 'https://other.example/')).toBe(true);
  });
});
