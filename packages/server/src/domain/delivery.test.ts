import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { afterTry, type Delivery, isDelivered, KEPT_TRIES, replay } from './delivery.ts';
import type { DeliveryId, EndpointId, OwnerId, VideoId } from './id.ts';

const NOW = 1_800_000_000_000;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

const owed: Delivery = {
  id: 'd' as DeliveryId,
  endpoint: 'e' as EndpointId,
  owner: 'o' as OwnerId,
  video: 'v' as VideoId,
  version: 3,
  type: 'video.succeeded',
  url: 'https://example.com/',
  state: 'waiting',
  tries: 0,
  log: [],
  createdAt: NOW,
  happenedAt: NOW,
  dueAt: NOW,
};
const refused = { status: 500, problem: 'no' };
const accepted = { status: 200, problem: null };

/** Tries again whenever it is due, as long as it waits. */
function triedOut(random: number): Delivery {
  let delivery = owed;
  while (delivery.dueAt !== null) delivery = afterTry(delivery, refused, { at: delivery.dueAt, ms: 0 }, random);
  return delivery;
}

describe('a delivery', () => {
  it('is tried ten times over about three days, then given up', () => {
    const early = triedOut(0);
    const late = triedOut(1);
    expect([early.tries, early.state]).toEqual([10, 'failed']);
    expect(early.log.map(({ at }) => at - NOW).slice(0, 4)).toEqual([0, 5_000, 305_000, 2_105_000]);
    expect((early.log.at(-1)?.at ?? 0) - NOW).toBeGreaterThan(3 * DAY);
    expect((late.log.at(-1)?.at ?? 0) - NOW).toBeLessThan(4 * DAY);
  });

  it('is delivered by any 2xx, and by nothing else', () => {
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 599 }), (status) => {
        const next = afterTry(owed, { status, problem: null }, { at: NOW, ms: 4 }, 0.5);
        expect(next.state === 'delivered').toBe(status >= 200 && status < 300);
        expect(isDelivered(status)).toBe(next.state === 'delivered');
      }),
    );
    expect(afterTry(owed, { status: null, problem: 'no' }, { at: NOW, ms: 4 }, 0).state).toBe('waiting');
  });

  it('is not tried again after 410', () => {
    const next = afterTry(owed, { status: 410, problem: 'gone' }, { at: NOW, ms: 4 }, 0.5);
    expect([next.state, next.dueAt]).toEqual(['failed', null]);
  });

  it('waits as long as it was asked to, but no longer than a day', () => {
    const patient = (retryAfterMs: number) => afterTry(owed, { ...refused, retryAfterMs }, { at: NOW, ms: 0 }, 0).dueAt;
    expect(patient(60_000)).toBe(NOW + 60_000);
    expect(patient(1_000)).toBe(NOW + 5_000);
    expect(patient(400 * DAY)).toBe(NOW + DAY);
  });

  it('is sent again from the beginning when it is replayed', () => {
    const again = replay(triedOut(0), NOW + 9 * DAY);
    expect(again).toMatchObject({ state: 'waiting', tries: 0, dueAt: NOW + 9 * DAY });
    const done = afterTry(again, accepted, { at: NOW + 9 * DAY, ms: 3 }, 0);
    expect(done.log.at(-1)).toEqual({ at: NOW + 9 * DAY, ms: 3, status: 200, problem: null });
  });

  it('keeps a log that does not grow for ever', () => {
    let delivery = owed;
    for (let n = 0; n < 5; n += 1) {
      delivery = replay(delivery, NOW);
      while (delivery.dueAt !== null) delivery = afterTry(delivery, refused, { at: delivery.dueAt, ms: 0 }, 0);
    }
    expect(delivery.log).toHaveLength(KEPT_TRIES);
  });
});
