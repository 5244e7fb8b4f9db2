import { expect, it } from 'vitest';
import { dropLate, endDrain, keepLate } from '../../domain/draining.ts';
import { begin, cancel, entomb, expire, giveUp, succeed } from '../../domain/transitions.ts';
import {
  ALICE,
  alive,
  CHARGE,
  idsOf,
  insertAll,
  NOW,
  POLICY,
  pending,
  queued,
  RESULT,
  running,
  videoId,
  wish,
  write,
} from './fixtures.contract.ts';
import { type OpenStore, subject } from './subject.contract.ts';

export function deadlinesContract(open: OpenStore): void {
  const at = subject(open);
  const limit = 10;

  it('tells what is past its deadline, longest first', async () => {
    await insertAll(at.store, [
      { ...queued(1), deadlineAt: NOW + 2 },
      { ...pending(2), deadlineAt: NOW + 1 },
      { ...running(3), deadlineAt: NOW + 3 },
      cancel(queued(4), NOW, POLICY),
    ]);
    const overdue = async (now: number, most = limit) => idsOf(await at.videos.due('overdue', { now, limit: most }));
    expect(await overdue(NOW)).toEqual([]);
    expect(await overdue(NOW + 2)).toEqual([videoId(2), videoId(1)]);
    expect(await overdue(NOW + 9)).toEqual([videoId(2), videoId(1), videoId(3)]);
    expect(await overdue(NOW + 9, 1)).toEqual([videoId(2)]);
    expect(await at.videos.due('overdue', { now: NOW + 1, limit })).toStrictEqual([
      { ...pending(2), deadlineAt: NOW + 1 },
    ]);
  });

  it('tells whose files have to go, once', async () => {
    const done = (n: number, resultTtlMs: number | undefined) =>
      succeed(running(n), RESULT, NOW, { ...POLICY, resultTtlMs });
    await insertAll(at.store, [done(1, 20), done(2, 10), done(3, undefined), running(4)]);
    const expiring = async (now: number) => idsOf(await at.videos.due('expiring', { now, limit }));
    expect(await expiring(NOW + 9)).toEqual([]);
    expect(await expiring(NOW + 20)).toEqual([videoId(2), videoId(1)]);
    await write(at.store, done(2, 10), expire(done(2, 10), NOW + 20));
    expect(await expiring(NOW + 99)).toEqual([videoId(1)]);
  });

  it('tells whose attempt at a peer is past its deadline although the video has ended', async () => {
    const ended = cancel(running(1), NOW, POLICY);
    await at.videos.insert(ended, {});
    const overdue = async (now: number) => idsOf(await at.videos.due('overdue', { now, limit }));
    expect(await overdue((ended.deadlineAt ?? 0) - 1)).toEqual([]);
    expect(await overdue(ended.deadlineAt ?? 0)).toEqual([videoId(1)]);
    await write(at.store, ended, endDrain(ended, NOW));
    expect(await overdue(Number.MAX_SAFE_INTEGER)).toEqual([]);
  });

  it('tells whose late result has to go, and keeps its row until then', async () => {
    const failed = giveUp(running(1), { billed: true }, NOW, POLICY);
    await at.videos.insert(failed, {});
    const late = await write(
      at.store,
      failed,
      keepLate(failed, { video: RESULT.video, facts: RESULT.facts }, NOW, POLICY),
    );
    expect(await at.videos.find(late.id)).toStrictEqual(late);
    const lateOnes = async (now: number) => idsOf(await at.videos.due('late', { now, limit }));
    expect(await lateOnes(NOW + POLICY.lateTtlMs - 1)).toEqual([]);
    expect(await lateOnes(NOW + POLICY.lateTtlMs)).toEqual([videoId(1)]);
    expect(await at.videos.due('purgeable', { now: NOW + 1, finishedBefore: NOW + 1, limit })).toEqual([]);
    await write(at.store, late, dropLate(late, NOW));
    expect(await lateOnes(Number.MAX_SAFE_INTEGER)).toEqual([]);
    expect(await at.videos.due('purgeable', { now: NOW + 1, finishedBefore: NOW + 1, limit })).toHaveLength(1);
  });

  it('tells page by page what succeeded and should have its files', async () => {
    const done = (n: number, completedAt: number) => succeed(running(n), RESULT, completedAt, POLICY);
    await insertAll(at.store, [
      done(1, NOW + 2),
      done(2, NOW + 1),
      done(3, NOW + 1),
      expire(done(4, NOW), NOW + 3),
      entomb(done(5, NOW), NOW + 3, POLICY),
      cancel(queued(6), NOW, POLICY),
      running(7),
    ]);
    const kept = async (...args: Parameters<typeof at.videos.kept>) => idsOf(await at.videos.kept(...args));
    expect(await kept(undefined, 2)).toEqual([videoId(2), videoId(3)]);
    expect(await kept({ completedAt: NOW + 1, id: videoId(3) }, 2)).toEqual([videoId(1)]);
    expect(await kept({ completedAt: NOW + 2, id: videoId(1) }, 2)).toEqual([]);
  });

  it('tells which rows may go: deleted ones, and finished ones where a limit is given', async () => {
    await insertAll(at.store, [
      cancel(queued(1), NOW + 5, POLICY),
      entomb(queued(2), NOW + 3, POLICY),
      running(3),
      cancel(queued(4), NOW + 4, POLICY),
    ]);
    const purgeable = async (finishedBefore?: number, most = limit) =>
      idsOf(await at.videos.due('purgeable', { now: NOW + 9, finishedBefore, limit: most }));
    expect(await purgeable()).toEqual([videoId(2)]);
    expect(await purgeable(NOW + 5)).toEqual([videoId(2), videoId(4)]);
    expect(await purgeable(NOW + 6)).toEqual([videoId(2), videoId(4), videoId(1)]);
    expect(await purgeable(NOW + 6, 2)).toEqual([videoId(2), videoId(4)]);
  });

  it('keeps a row while an attempt is open at a peer', async () => {
    const open = entomb(running(1), NOW, POLICY);
    expect(open.attempt?.state).toBe('open');
    await at.videos.insert(open, {});
    expect(await at.videos.due('purgeable', { now: NOW + 1, finishedBefore: NOW + 1, limit })).toEqual([]);
    const asking = { ...open, attempt: open.attempt && { ...open.attempt, state: 'submitting' as const } };
    const again = await write(at.store, open, asking);
    expect(await at.videos.due('purgeable', { now: NOW + 1, finishedBefore: NOW + 1, limit })).toEqual([]);
    await write(at.store, again, endDrain(again, NOW));
    expect(await at.videos.due('purgeable', { now: NOW + 1, limit })).toHaveLength(1);
  });

  it('keeps a row while its slot is taken at a peer', async () => {
    await alive(at.store, 'a');
    await at.videos.insert(queued(1), {});
    const [claimed] = await at.videos.claim(wish('a'));
    if (claimed === undefined) throw new Error('nothing claimed');
    const begun = await write(at.store, claimed.video, begin(claimed.video, NOW, POLICY, false));
    const gone = await write(at.store, begun, entomb(begun, NOW, POLICY), { freeSlot: false });
    const deadlineAt = begun.deadlineAt ?? 0;
    expect(await at.videos.due('purgeable', { now: deadlineAt - 1, limit })).toEqual([]);
    expect(idsOf(await at.videos.due('purgeable', { now: deadlineAt, limit }))).toEqual([gone.id]);
    await write(at.store, gone, gone, { freeSlot: true });
    expect(idsOf(await at.videos.due('purgeable', { now: NOW, limit }))).toEqual([gone.id]);
  });

  it('keeps a row for as long as its idempotency key must be answered', async () => {
    const idempotency = { key: 'k', fingerprint: 'f' };
    await at.videos.insert(queued(1), { idempotency });
    await write(at.store, queued(1), entomb(queued(1), NOW + 1, POLICY));
    const purgeable = async (keysBefore?: number) =>
      idsOf(await at.videos.due('purgeable', { now: NOW + 9, keysBefore, limit }));
    expect(await purgeable()).toEqual([]);
    expect(await purgeable(NOW)).toEqual([]);
    expect((await at.videos.insert(queued(2), { idempotency })).outcome).toBe('replayed');
    expect(await purgeable(NOW + 1)).toEqual([videoId(1)]);
    await at.videos.purge(videoId(1));
    expect((await at.videos.insert(queued(2), { idempotency })).outcome).toBe('inserted');
  });

  it('forgets a purged video and all that hung on it, but not the ledger', async () => {
    const video = queued(1, { tags: { k: 'v' }, charge: CHARGE });
    await at.videos.insert(video, {
      event: { type: 'video.queued', at: NOW },
      idempotency: { key: 'k', fingerprint: 'f' },
      inputs: [{ role: 'first', bytes: Uint8Array.of(1) }],
    });
    await at.videos.purge(video.id);
    await at.videos.purge(video.id);
    expect(await at.videos.find(video.id)).toBeUndefined();
    expect(await at.videos.exists(video.id)).toBe(false);
    expect(await at.videos.input(video.id, 'first')).toBeUndefined();
    expect(await at.videos.findByKey(ALICE, 'k')).toBeUndefined();
    expect(await at.opened.events(video.id)).toEqual([]);
    expect(await at.store.ledger.lines(video.id)).toHaveLength(1);
    expect((await at.videos.list(ALICE, { limit, order: 'asc', tag: { key: 'k', value: 'v' } })).items).toEqual([]);
  });
}
