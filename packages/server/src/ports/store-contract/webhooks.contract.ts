import { expect, it } from 'vitest';
import { afterTry, type Delivery, webhookId } from '../../domain/delivery.ts';
import type { Endpoint } from '../../domain/endpoint.ts';
import { type EventType, eventOf } from '../../domain/event.ts';
import { Fault } from '../../domain/fault.ts';
import { type ApiKeyId, type DeliveryId, type EndpointId, type OwnerId, readDeliveryId } from '../../domain/id.ts';
import { advance, begin, cancel, entomb, fail } from '../../domain/transitions.ts';
import type { Video } from '../../domain/video.ts';
import type { DeliveryWish } from '../webhooks.ts';
import { ALICE, BOB, NOW, POLICY, pending, queued, write } from './fixtures.contract.ts';
import { type OpenStore, type Subject, subject } from './subject.contract.ts';

const endpointId = (n: number) => `whe_${String(n).padStart(26, '0')}` as EndpointId;

function endpoint(n: number, change: Partial<Endpoint> = {}): Endpoint {
  return {
    id: endpointId(n),
    owner: ALICE,
    kind: 'registered',
    url: `https://example.com/hook/${n}`,
    description: `№ ${n} “quoted”`,
    events: ['video.failed', 'video.cancelled'],
    apiKey: null,
    secrets: [
      { secret: 'whsec_new', until: null },
      { secret: 'whsec_old', until: NOW + 5 },
    ],
    createdAt: NOW + n,
    disabledAt: null,
    disabledReason: null,
    ...change,
  };
}

const due = (change: Partial<DeliveryWish> = {}): DeliveryWish => ({
  now: NOW + 1_000,
  limit: 100,
  perEndpoint: 100,
  until: NOW + 61_000,
  ...change,
});

const broken = () => new Fault('timeout', 'Too late.');

/** Inserts a video and fails it, with the events that belong to it. */
async function failed({ store }: Subject, n: number, at = NOW, change: (video: Video) => Video = (video) => video) {
  const fresh = change(pending(n, { at }));
  await store.videos.insert(fresh, { event: eventOf(undefined, fresh) });
  const next = fail(fresh, broken(), at, POLICY);
  return write(store, fresh, next, { event: eventOf(fresh, next) });
}

const namesOf = (deliveries: readonly Delivery[]) =>
  deliveries.map(({ endpoint: to, type }) => `${type} → ${to.at(-1)}`);

export function webhooksContract(open: OpenStore): void {
  const at = subject(open);
  const hooks = () => at.store.webhooks;

  it('keeps endpoints as they were given, and tells them by owner', async () => {
    await hooks().addEndpoint(endpoint(2));
    await hooks().addEndpoint(endpoint(1, { apiKey: 'key_1' as ApiKeyId, disabledAt: NOW, disabledReason: 'gone' }));
    await hooks().addEndpoint(endpoint(3, { owner: BOB }));
    expect(await hooks().endpoints(ALICE)).toStrictEqual([
      endpoint(1, { apiKey: 'key_1' as ApiKeyId, disabledAt: NOW, disabledReason: 'gone' }),
      endpoint(2),
    ]);
    expect(await hooks().endpoint(endpointId(3), ALICE)).toBeUndefined();
    expect(await hooks().endpoint(endpointId(3), BOB)).toStrictEqual(endpoint(3, { owner: BOB }));
    expect(await hooks().endpoint(endpointId(3))).toStrictEqual(endpoint(3, { owner: BOB }));
    await expect(hooks().addEndpoint(endpoint(2))).rejects.toThrow();
  });

  it('changes an endpoint only if it still is what it was', async () => {
    await hooks().addEndpoint(endpoint(1));
    expect(await hooks().swapEndpoint(endpoint(1), endpoint(1, { description: 'b' }))).toBe(true);
    expect(await hooks().swapEndpoint(endpoint(1), endpoint(1, { description: 'c' }))).toBe(false);
    const off = endpoint(1, { description: 'b', disabledAt: NOW });
    expect(await hooks().swapEndpoint(endpoint(1, { description: 'b' }), off)).toBe(true);
    expect(await hooks().swapEndpoint(endpoint(1, { description: 'b' }), endpoint(1))).toBe(false);
    expect(await hooks().endpoint(endpointId(1))).toStrictEqual(off);
    expect(await hooks().swapEndpoint(endpoint(9), endpoint(9))).toBe(false);
  });

  it('has one callback record for each owner, however many ask at once', async () => {
    const asked = Array.from({ length: 8 }, (_, n) =>
      hooks().ensureCallback(endpoint(n + 1, { kind: 'callback', url: null })),
    );
    expect(new Set((await Promise.all(asked)).map(({ id }) => id)).size).toBe(1);
    const other = await hooks().ensureCallback(endpoint(20, { kind: 'callback', url: null, owner: BOB }));
    expect(other.id).toBe(endpointId(20));
    expect(await hooks().endpoints(ALICE)).toHaveLength(1);
  });

  it('owes each event to the endpoints that hear of it, and to no others', async () => {
    await hooks().addEndpoint(endpoint(1));
    await hooks().addEndpoint(endpoint(2, { events: ['video.pending', 'video.failed'] }));
    await hooks().addEndpoint(endpoint(3, { owner: BOB }));
    await hooks().addEndpoint(endpoint(4, { disabledAt: NOW }));
    await hooks().addEndpoint(endpoint(5, { apiKey: 'key_other' as ApiKeyId }));
    await hooks().addEndpoint(endpoint(6, { apiKey: 'key_mine' as ApiKeyId }));
    const video = await failed(at, 1, NOW, (fresh) => ({ ...fresh, apiKey: 'key_mine' as ApiKeyId }));
    const owed = await hooks().claim(due());
    expect(namesOf(owed).toSorted()).toEqual([
      'video.failed → 1',
      'video.failed → 2',
      'video.failed → 6',
      'video.pending → 2',
    ]);
    const one = owed.find(({ endpoint: to }) => to === endpointId(1));
    expect(one).toMatchObject({
      owner: ALICE,
      video: video.id,
      version: 2,
      url: 'https://example.com/hook/1',
      state: 'waiting',
      tries: 0,
      log: [],
      happenedAt: NOW,
    });
    expect(webhookId(one as Delivery)).toBe(`${video.id}:2`);
    expect(readDeliveryId(one?.id ?? '')).toBe(one?.id);
  });

  it('owes a callback address how it ended, and nothing else', async () => {
    const record = await hooks().ensureCallback(endpoint(1, { kind: 'callback', url: null, events: [] }));
    const called = (fresh: Video) => ({
      ...fresh,
      generation: { ...fresh.generation, callbackUrl: 'https://example.com/cb' },
    });
    await failed(at, 1, NOW, called);
    await failed(at, 2);
    const owed = await hooks().claim(due());
    expect(owed.map(({ endpoint: to, type, url }) => [to, type, url])).toEqual([
      [record.id, 'video.failed', 'https://example.com/cb'],
    ]);
  });

  it('owes nothing for progress, and nothing for a write that was refused', async () => {
    await hooks().addEndpoint(endpoint(1, { events: ['video.running', 'video.cancelled'] }));
    const waiting = queued(1);
    await at.videos.insert(waiting, {});
    const began = begin(waiting, NOW, POLICY);
    const running = await write(at.store, waiting, began, { event: eventOf(waiting, began) });
    const further = advance(running, 0.5, 'generating', NOW, POLICY);
    await write(at.store, running, further, { event: eventOf(running, further) });
    const late = cancel(running, NOW, POLICY);
    expect(await at.videos.swap(running, late, { event: eventOf(running, late) })).toBe('stale');
    expect(namesOf(await hooks().claim(due()))).toEqual(['video.running → 1']);
  });

  it('hands a due delivery to one sender at a time, and again when that one was lost', async () => {
    await hooks().addEndpoint(endpoint(1));
    for (const n of [1, 2, 3, 4, 5]) await failed(at, n);
    const rounds = await Promise.all(Array.from({ length: 10 }, () => hooks().claim(due({ limit: 2 }))));
    const ids = rounds.flat().map(({ id }) => id);
    expect(ids).toHaveLength(5);
    expect(new Set(ids).size).toBe(5);
    expect(await hooks().claim(due())).toEqual([]);
    expect(await hooks().claim(due({ now: NOW + 61_000, until: NOW + 122_000 }))).toHaveLength(5);
  });

  it('takes at most so many of one endpoint, and then those of others', async () => {
    await hooks().addEndpoint(endpoint(1));
    for (const n of [1, 2, 3, 4]) await failed(at, n, NOW + n);
    await hooks().addEndpoint(endpoint(2));
    await failed(at, 5, NOW + 5);
    const owed = await hooks().claim(due({ limit: 3, perEndpoint: 2 }));
    expect(namesOf(owed).toSorted()).toEqual(['video.failed → 1', 'video.failed → 1', 'video.failed → 2']);
  });

  it('writes a delivery only if it still is what it was', async () => {
    await hooks().addEndpoint(endpoint(1));
    await failed(at, 1);
    const [owed] = await hooks().claim(due());
    if (owed === undefined) throw new Error('nothing was owed');
    const time = { at: NOW + 1_000, ms: 7 };
    const next = afterTry(owed, { status: 500, problem: 'The address answered with status 500.' }, time, 0);
    expect(await hooks().swap(owed, next)).toBe(true);
    expect(await hooks().swap(owed, next)).toBe(false);
    expect(await hooks().find(owed.id, ALICE)).toStrictEqual(next);
    expect(await hooks().find(owed.id, BOB)).toBeUndefined();
    expect(await hooks().nextDue(NOW)).toBe(NOW + 6_007);
    expect(await hooks().nextDue(NOW + 6_007)).toBeUndefined();
    const done = afterTry(next, { status: 204, problem: null }, { at: NOW + 7_000, ms: 1 }, 0);
    expect(await hooks().swap(next, done)).toBe(true);
    expect(await hooks().nextDue(0)).toBeUndefined();
    expect(await hooks().deliveredSince(endpointId(1), NOW)).toBe(true);
    expect(await hooks().deliveredSince(endpointId(1), NOW + 1)).toBe(false);
  });

  it('lists what was sent, newest first, in pages and by state', async () => {
    await hooks().addEndpoint(endpoint(1));
    await hooks().addEndpoint(endpoint(2, { events: ['video.failed'] }));
    const videos: Video[] = [];
    for (const n of [1, 2, 3]) videos.push(await failed(at, n, NOW + n));
    const wish = { limit: 2, endpoint: endpointId(1) };
    const first = await hooks().list(ALICE, wish);
    expect(first.items.map(({ video }) => video)).toEqual([videos[2]?.id, videos[1]?.id]);
    expect(first.hasMore).toBe(true);
    const rest = await hooks().list(ALICE, { ...wish, after: first.items[1]?.id });
    expect(rest.items.map(({ video }) => video)).toEqual([videos[0]?.id]);
    expect(rest.hasMore).toBe(false);
    expect((await hooks().list(ALICE, { limit: 10, video: videos[0]?.id })).items).toHaveLength(2);
    expect((await hooks().list(ALICE, { limit: 10, state: 'delivered' })).items).toEqual([]);
    expect((await hooks().list(BOB, { limit: 10 })).items).toEqual([]);
    const nowhere = `${videos[0]?.id}:9:${endpointId(1)}` as DeliveryId;
    expect(await hooks().list(ALICE, { limit: 10, after: nowhere })).toEqual({ items: [], hasMore: false });
  });

  it('forgets what was owed with the endpoint, and with the video', async () => {
    await hooks().addEndpoint(endpoint(1));
    await hooks().addEndpoint(endpoint(2));
    const video = await failed(at, 1);
    expect(await hooks().removeEndpoint(endpointId(1), BOB)).toBe(false);
    expect(await hooks().removeEndpoint(endpointId(1), ALICE)).toBe(true);
    expect(await hooks().removeEndpoint(endpointId(1), ALICE)).toBe(false);
    expect((await hooks().list(ALICE, { limit: 10 })).items).toHaveLength(1);
    await at.videos.purge(video.id);
    expect((await hooks().list(ALICE, { limit: 10 })).items).toEqual([]);
  });

  it('still owes the news of a deletion', async () => {
    await hooks().addEndpoint(endpoint(1, { events: ['video.deleted'] satisfies EventType[] }));
    const fresh = pending(1);
    await at.videos.insert(fresh, {});
    const gone = entomb(fresh, NOW, POLICY);
    await write(at.store, fresh, gone, { event: eventOf(fresh, gone) });
    expect(namesOf(await hooks().claim(due()))).toEqual(['video.deleted → 1']);
    expect(await hooks().endpoints('nobody' as OwnerId)).toEqual([]);
  });
}
