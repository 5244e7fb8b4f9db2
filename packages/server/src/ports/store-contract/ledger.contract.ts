import { expect, it } from 'vitest';
import { Fault } from '../../domain/fault.ts';
import type { ApiKeyId } from '../../domain/id.ts';
import { EMPTY_ACCOUNT } from '../../domain/ledger.ts';
import { begin, cancel, fail, remember, succeed } from '../../domain/transitions.ts';
import type { Video } from '../../domain/video.ts';
import type { UsageQuery } from '../ledger.ts';
import type { Effects, Inserted } from '../store.ts';
import {
  ALICE,
  BOB,
  CHARGE,
  NOW,
  POLICY,
  pending,
  queued,
  RESULT,
  type VideoWish,
  videoId,
  write,
} from './fixtures.contract.ts';
import { type OpenStore, subject } from './subject.contract.ts';

const KEY = 'key_1' as ApiKeyId;
const DAY_MS = 86_400_000;
/** The tests begin on 15 January 2027. */
const MONTH = '2027-01';
const DAY = '2027-01-15';
const CHARGES_ACCEPTED = { ...POLICY, cancelCharge: 'accepted' } as const;

export function ledgerContract(open: OpenStore): void {
  const at = subject(open);
  const kinds = async (n: number) =>
    (await at.store.ledger.lines(videoId(n))).map(({ kind, seconds, microUnits }) => [kind, seconds, microUnits]);
  const account = (apiKey?: ApiKeyId) => at.store.ledger.account(ALICE, MONTH, apiKey);
  const outcomes = (answers: readonly Inserted[]) => answers.map(({ outcome }) => outcome).toSorted();

  async function insert(n: number, wish: VideoWish = {}, effects: Effects = {}): Promise<Video> {
    const video = queued(n, { charge: CHARGE, ...wish });
    expect(await at.videos.insert(video, effects)).toMatchObject({ outcome: 'inserted' });
    return video;
  }
  const finish = (video: Video, now = NOW + 1, effects: Effects = {}) =>
    write(at.store, video, succeed(begin(video, now, POLICY, false), RESULT, now, POLICY), effects);

  it('reserves with the video, and settles with its success', async () => {
    const video = await insert(1, { apiKey: KEY });
    const reserved = { ...EMPTY_ACCOUNT, reservedSeconds: 5, reservedMicroUnits: 100_000 };
    expect([await account(), await account(KEY)]).toEqual([reserved, reserved]);
    await finish(video);
    expect(await kinds(1)).toEqual([
      ['reserve', 5, 100_000],
      ['release', -5, -100_000],
      ['settle', 5, 100_000],
    ]);
    const settled = { ...EMPTY_ACCOUNT, settledSeconds: 5, settledMicroUnits: 100_000 };
    expect([await account(), await account(KEY)]).toEqual([settled, settled]);
    expect(await at.store.ledger.account(BOB, MONTH)).toEqual(EMPTY_ACCOUNT);
    expect((await at.store.ledger.lines(videoId(1)))[2]).toEqual({
      video: videoId(1),
      version: 2,
      owner: ALICE,
      apiKey: KEY,
      kind: 'settle',
      seconds: 5,
      microUnits: 100_000,
      at: NOW + 1,
      month: MONTH,
    });
  });

  it('releases what fails or is cancelled', async () => {
    const failed = await insert(1);
    const cancelled = await insert(2);
    await write(at.store, failed, fail(failed, new Fault('timeout', 'Late.'), NOW, POLICY));
    await write(at.store, cancelled, cancel(cancelled, NOW, POLICY));
    for (const n of [1, 2])
      expect(await kinds(n)).toEqual([
        ['reserve', 5, 100_000],
        ['release', -5, -100_000],
      ]);
    expect(await account()).toEqual(EMPTY_ACCOUNT);
  });

  it('settles what a peer had accepted, when the operator charges for that', async () => {
    const accepted = remember(begin(await insert(1), NOW, POLICY), { task: 1 }, NOW);
    const unknown = await insert(2);
    const early = await insert(3);
    await write(at.store, { ...accepted, version: 1 }, cancel(accepted, NOW, CHARGES_ACCEPTED));
    const fault = new Fault('submission_unknown', 'Who knows.');
    await write(at.store, unknown, fail(unknown, fault, NOW, CHARGES_ACCEPTED));
    await write(at.store, early, cancel(early, NOW, CHARGES_ACCEPTED));
    expect(await account()).toEqual({ ...EMPTY_ACCOUNT, settledSeconds: 10, settledMicroUnits: 200_000 });
  });

  it('writes nothing for a video that nothing was reserved for, until it succeeds', async () => {
    const video = queued(1);
    await at.videos.insert(video, {});
    expect([await kinds(1), await account()]).toEqual([[], EMPTY_ACCOUNT]);
    await finish(video);
    expect(await kinds(1)).toEqual([['settle', 5, 0]]);
    expect(await account()).toEqual({ ...EMPTY_ACCOUNT, settledSeconds: 5 });
    const other = queued(2);
    await at.videos.insert(other, {});
    await write(at.store, other, cancel(other, NOW, POLICY));
    expect(await kinds(2)).toEqual([]);
  });

  it("books a peer's price apart from what the caller pays", async () => {
    await finish(await insert(1), NOW + 1, { upstreamCost: 70_000 });
    expect((await kinds(1)).at(-1)).toEqual(['upstream_cost', 0, 70_000]);
    expect(await account()).toEqual({ ...EMPTY_ACCOUNT, settledSeconds: 5, settledMicroUnits: 100_000 });
    const late = await insert(2);
    const gone = await write(at.store, late, cancel(late, NOW, POLICY));
    await write(at.store, gone, gone, { upstreamCost: 70_000 });
    const { items } = await at.store.ledger.usage(ALICE, query({ groupBy: [] }));
    expect(items).toMatchObject([{ succeeded: 1, cancelled: 1, microUnits: 100_000, upstreamMicroUnits: 140_000 }]);
  });

  it('lets in what fits a budget, and no more of those that race for the rest', async () => {
    const within = { owner: { monthlySeconds: 17 } };
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, n) => at.videos.insert(pending(n, { charge: CHARGE }), { within })),
    );
    expect(outcomes(answers)).toEqual([...Array(3).fill('inserted'), ...Array(9).fill('refused')]);
    expect(answers.find(({ outcome }) => outcome === 'refused')).toEqual({
      outcome: 'refused',
      refusal: { limit: 'seconds', holder: 'owner' },
    });
    expect(await account()).toMatchObject({ reservedSeconds: 15 });
    expect((await at.videos.list(ALICE, { limit: 50, order: 'asc' })).items).toHaveLength(3);
  });

  it('counts what is settled like what is reserved, and gives back what is released', async () => {
    const within = { owner: { monthlyMicroUnits: 200_000 } };
    const [first, second] = [await insert(1, {}, { within }), await insert(2, {}, { within })];
    await finish(first);
    const third = () => at.videos.insert(pending(3, { charge: CHARGE }), { within });
    expect(await third()).toEqual({ outcome: 'refused', refusal: { limit: 'money', holder: 'owner' } });
    await write(at.store, second, cancel(second, NOW, POLICY));
    expect(await third()).toMatchObject({ outcome: 'inserted' });
  });

  it('holds a key to its own budget within that of its owner', async () => {
    const within = { owner: { monthlySeconds: 15 }, key: { monthlySeconds: 5 } };
    const other = 'key_2' as ApiKeyId;
    await insert(1, { apiKey: KEY }, { within });
    const again = await at.videos.insert(pending(2, { charge: CHARGE, apiKey: KEY }), { within });
    expect(again).toEqual({ outcome: 'refused', refusal: { limit: 'seconds', holder: 'key' } });
    expect(await account()).toMatchObject({ reservedSeconds: 5 });
    await insert(3, { apiKey: other }, { within: { owner: within.owner } });
    await insert(4, { apiKey: other }, { within: { owner: within.owner } });
    const last = await at.videos.insert(pending(5, { charge: CHARGE, apiKey: other }), { within });
    expect(last).toEqual({ outcome: 'refused', refusal: { limit: 'seconds', holder: 'owner' } });
    expect(await account(other)).toMatchObject({ reservedSeconds: 10 });
  });

  it('refuses one that alone is more than the budget', async () => {
    const within = { owner: { monthlySeconds: 4 } };
    const answer = await at.videos.insert(pending(1, { charge: CHARGE }), { within });
    expect(answer).toEqual({ outcome: 'refused', refusal: { limit: 'seconds', holder: 'owner' } });
    expect([await kinds(1), await account()]).toEqual([[], EMPTY_ACCOUNT]);
  });

  it('writes nothing of what it refuses, and still answers a key that was used', async () => {
    const within = { owner: { monthlySeconds: 5 } };
    const used = { key: 'used', fingerprint: 'f' };
    await insert(1, {}, { within, idempotency: used });
    const inputs = [{ role: 'first', bytes: Uint8Array.of(1) }] as const;
    const fresh = { key: 'fresh', fingerprint: 'f' };
    const refused = await at.videos.insert(pending(2, { charge: CHARGE }), { within, inputs, idempotency: fresh });
    expect(refused.outcome).toBe('refused');
    expect(await at.videos.findByKey(ALICE, 'fresh')).toBeUndefined();
    expect([await at.videos.exists(videoId(2)), await at.videos.input(videoId(2), 'first')]).toEqual([
      false,
      undefined,
    ]);
    const replayed = await at.videos.insert(pending(3, { charge: CHARGE }), { within, idempotency: used });
    expect(replayed).toMatchObject({ outcome: 'replayed', video: { id: videoId(1) } });
  });

  it('begins a month anew, and counts a video in the month it was asked for', async () => {
    const within = { owner: { monthlySeconds: 5 } };
    const video = await insert(1, {}, { within });
    const later = NOW + 20 * DAY_MS;
    await insert(2, { at: later }, { within });
    await finish(video, later);
    expect(await account()).toEqual({ ...EMPTY_ACCOUNT, settledSeconds: 5, settledMicroUnits: 100_000 });
    expect(await at.store.ledger.account(ALICE, '2027-02')).toMatchObject({ reservedSeconds: 5, settledSeconds: 0 });
  });

  it('bounds what waits of an owner, also of those that come at once', async () => {
    const within = { queued: 3 };
    await at.videos.insert(pending(90, { owner: BOB }), {});
    const answers = await Promise.all(Array.from({ length: 8 }, (_, n) => at.videos.insert(pending(n), { within })));
    expect(outcomes(answers)).toEqual([...Array(3).fill('inserted'), ...Array(5).fill('refused')]);
    expect(answers.find(({ outcome }) => outcome === 'refused')).toEqual({
      outcome: 'refused',
      refusal: { limit: 'queued', most: 3 },
    });
    const [one] = (await at.videos.list(ALICE, { limit: 1, order: 'asc' })).items;
    if (one === undefined) throw new Error('three were let in');
    await write(at.store, one, cancel(one, NOW, POLICY));
    expect(await at.videos.insert(pending(50), { within })).toMatchObject({ outcome: 'inserted' });
  });

  const query = (change: Partial<UsageQuery> = {}): UsageQuery => ({
    from: '2027-01-01',
    to: '2027-01-31',
    groupBy: ['day', 'key', 'model'],
    limit: 10,
    ...change,
  });

  it('tells usage by day, key and model, the latest first', async () => {
    const plus = 'wan2.1-kf2v-plus';
    await finish(await insert(1, { apiKey: KEY }));
    await finish(await insert(2, { apiKey: KEY }));
    const failed = await insert(3, { apiKey: KEY });
    await write(at.store, failed, fail(failed, new Fault('timeout', 'Late.'), NOW, POLICY));
    await finish(await insert(4, { model: plus }));
    await finish(await insert(5, { at: NOW + DAY_MS }), NOW + 30 * DAY_MS);
    await finish(await insert(6, { owner: BOB }));
    const none = { failed: 0, cancelled: 0, upstreamMicroUnits: 0 };
    const flash = 'wan2.2-kf2v-flash';
    const { items, hasMore } = await at.store.ledger.usage(ALICE, query());
    expect(hasMore).toBe(false);
    expect(items).toEqual([
      { ...none, day: '2027-01-16', apiKey: '', model: flash, succeeded: 1, seconds: 5, microUnits: 100_000 },
      { ...none, day: DAY, apiKey: KEY, model: flash, succeeded: 2, failed: 1, seconds: 10, microUnits: 200_000 },
      { ...none, day: DAY, apiKey: '', model: plus, succeeded: 1, seconds: 5, microUnits: 100_000 },
    ]);
    const found = async (change: Partial<UsageQuery>) =>
      (await at.store.ledger.usage(ALICE, query(change))).items.map((row) => [
        row.day,
        row.apiKey,
        row.model,
        row.seconds,
      ]);
    expect(await found({ groupBy: ['model'] })).toEqual([
      ['', '', flash, 15],
      ['', '', plus, 5],
    ]);
    expect(await found({ groupBy: [] })).toEqual([['', '', '', 20]]);
    expect(await found({ groupBy: ['day'], to: DAY })).toEqual([[DAY, '', '', 15]]);
    expect(await found({ groupBy: [], apiKey: KEY })).toEqual([['', '', '', 10]]);
    expect(await found({ groupBy: [], apiKey: '' })).toEqual([['', '', '', 10]]);
    expect(await found({ groupBy: [], model: plus })).toEqual([['', '', '', 5]]);
    expect(await found({ groupBy: [], from: '2027-01-20' })).toEqual([]);
    expect(await found({ model: "' or 1=1 --" })).toEqual([]);
  });

  it('tells usage page by page, without a row twice or left out', async () => {
    for (let n = 0; n < 6; n += 1) {
      const apiKey = n % 2 === 0 ? { apiKey: KEY } : {};
      await finish(await insert(n, { at: NOW - Math.floor(n / 2) * DAY_MS, ...apiKey }));
    }
    const whole = await at.store.ledger.usage(ALICE, query({ limit: 100 }));
    expect(whole.items).toHaveLength(6);
    const paged: unknown[] = [];
    let page = await at.store.ledger.usage(ALICE, query({ limit: 2 }));
    for (;;) {
      paged.push(...page.items);
      const after = page.items.at(-1);
      if (!page.hasMore || after === undefined) break;
      page = await at.store.ledger.usage(ALICE, query({ limit: 2, after }));
    }
    expect(paged).toEqual(whole.items);
  });
}
