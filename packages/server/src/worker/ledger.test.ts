import { describe, expect, it } from 'vitest';
import { openPeerStage } from '../../../../test/support/peer-stage.ts';
import { CALLER, type StageOptions } from '../../../../test/support/stage.ts';
import { accountOf } from '../domain/ledger.ts';
import { monthOf } from '../domain/period.ts';

/** What is booked while videos live, over the real lanes. */

const MINUTE = 60_000;
const PRICES = { currency: 'USD', perSecond: { 'wan2.2-kf2v-flash': { '720P': 20_000 } } };

async function opened(options: StageOptions = {}) {
  const stage = await openPeerStage({ prices: PRICES, upstreamCost: 70_000, ...options });
  const booked = async (video: { readonly id: string }) =>
    stage.state.ledger.filter((line) => line.video === video.id).map(({ kind, microUnits }) => `${kind} ${microUnits}`);
  const account = () => stage.store.ledger.account(CALLER.owner, monthOf(stage.clock.now()));
  return { ...stage, booked, account };
}

describe('the ledger', () => {
  it('settles what succeeds, and books what its peer charges, once', async () => {
    const { accepted, until, booked, account, state } = await opened();
    const video = await accepted(MINUTE);
    expect(await booked(video)).toEqual(['reserve 100000']);
    await until(video, 'succeeded', 5 * MINUTE);
    expect(await booked(video)).toEqual(['reserve 100000', 'release -100000', 'settle 100000', 'upstream_cost 70000']);
    expect(await account()).toEqual(accountOf(state.ledger));
  });

  it('releases what is cancelled and stopped, and what fails, without any charge of the peer', async () => {
    const { accepted, videos, booked, clock, account } = await opened();
    const video = await accepted(60 * MINUTE);
    await videos.cancel(CALLER, video.id);
    await clock.settle();
    expect(await booked(video)).toEqual(['reserve 100000', 'release -100000']);
    expect(await account()).toMatchObject({ reservedMicroUnits: 0, settledMicroUnits: 0 });
  });

  it('settles a cancel after the peer accepted, when the operator says so', async () => {
    const { accepted, submit, videos, booked, clock } = await opened({ policy: { cancelCharge: 'accepted' } });
    const video = await accepted(60 * MINUTE);
    const waits = await submit();
    await videos.cancel(CALLER, waits.id);
    await videos.cancel(CALLER, video.id);
    await clock.settle();
    expect(await booked(video)).toEqual(['reserve 100000', 'release -100000', 'settle 100000']);
    expect(await booked(waits)).toEqual(['reserve 100000', 'release -100000']);
  });

  it('books what a peer makes although nobody wants it any more', async () => {
    const { accepted, videos, booked, clock } = await opened({ capabilities: { cancel: 'ignores' } });
    const video = await accepted(10 * MINUTE);
    await videos.cancel(CALLER, video.id);
    await clock.advance(12 * MINUTE);
    expect(await booked(video)).toEqual(['reserve 100000', 'release -100000', 'upstream_cost 70000']);
  });

  it('books a result that comes after the deadline, and the caller pays nothing', async () => {
    const { accepted, until, booked, clock, row } = await opened({
      capabilities: { billed: true },
      policy: { runningDeadlineMs: { '*': 5 * MINUTE, renderer: 5 * MINUTE } },
    });
    const video = await accepted(20 * MINUTE);
    await until(video, 'failed', 10 * MINUTE);
    expect(await booked(video)).toEqual(['reserve 100000', 'release -100000']);
    await clock.until('late result', async () => (await row(video)).late !== null, 30 * MINUTE);
    expect(await booked(video)).toEqual(['reserve 100000', 'release -100000', 'upstream_cost 70000']);
  });

  it('is empty for videos that cost nothing until one succeeds', async () => {
    const { accepted, until, booked } = await opened({ prices: { currency: 'USD', perSecond: {} } });
    const video = await accepted(MINUTE);
    expect(await booked(video)).toEqual([]);
    await until(video, 'succeeded', 5 * MINUTE);
    expect(await booked(video)).toEqual(['settle 0', 'upstream_cost 70000']);
  });
});
