import { describe, expect, it } from 'vitest';
import { createFakeClock } from '../../../../../../test/support/clock.ts';
import { createScriptedPeer, working } from '../../../../../../test/support/remote/peer.ts';
import { askOf, openRemoteStage } from '../../../../../../test/support/remote/stage.ts';
import { until } from '../../../../../../test/support/until.ts';
import { createPace } from './pace.ts';

const { signal } = new AbortController();

/** When each of so many looks went out, asked for all at once. */
async function looks(count: number, perSecond: number | undefined, here: number, everywhere: number) {
  const clock = createFakeClock();
  const pace = createPace({ clock, perSecond, here: () => here, everywhere: () => everywhere });
  const start = clock.now();
  const at: number[] = [];
  const all = Promise.all(
    Array.from({ length: count }, async () => {
      await pace.pass(signal);
      at.push(clock.now() - start);
    }),
  );
  await clock.advance(60_000);
  await all;
  return at;
}

describe('the pace of looks', () => {
  it('spaces those of a process that follows everything', async () => {
    expect(await looks(5, 20, 5, 5)).toEqual([0, 50, 100, 150, 200]);
  });

  it('leaves room for the other processes, each its share', async () => {
    expect(await looks(4, 20, 100, 400)).toEqual([0, 200, 400, 600]);
    // What the store knows may be older than what is followed here.
    expect(await looks(3, 20, 400, 100)).toEqual([0, 50, 100]);
  });

  it('is none without a limit, and with nothing to follow', async () => {
    expect(await looks(3, undefined, 5, 5)).toEqual([0, 0, 0]);
    expect(await looks(2, 10, 0, 0)).toEqual([0, 100]);
  });

  it('ends with its signal', async () => {
    const clock = createFakeClock();
    const pace = createPace({ clock, perSecond: 1, here: () => 1, everywhere: () => 1 });
    await pace.pass(signal);
    const stop = new AbortController();
    const waiting = pace.pass(stop.signal);
    stop.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    expect(clock.sleepers).toBe(0);
  });
});

it('with many open videos the pause between two looks at one grows to all that are open ÷ the limit', async () => {
  const clock = createFakeClock(undefined, 2);
  const peer = createScriptedPeer();
  peer.usually = working(0.5);
  const slots = 60;
  const stage = await openRemoteStage(peer, {
    clock,
    slots,
    rhythm: { everyMs: 5_000, failingMs: 60_000 },
    pollsPerSecond: 2,
    // Another process follows as many.
    openInFleet: () => 2 * slots,
  });
  const abort = new AbortController();
  const operations = Array.from({ length: slots }, (_, n) => ({
    ...askOf(`video_${n}.1`),
    operation: { instance: 'place-1', attempt: `video_${n}.1`, startedAt: clock.now(), peer: { handle: n } },
  }));
  const running = operations.map(async (ask) => {
    for await (const _ of stage.backend.generate(ask, abort.signal));
  });
  const polls = () => peer.calls.filter((call) => call.startsWith('poll')).length;
  const ended = Promise.allSettled(running);
  // Everything is resumed at once, as after a restart.
  await until('all of them to be followed', async () => (await stage.leftovers()).length === slots);
  await clock.until('each to be looked at', () => polls() >= slots);
  const before = polls();
  await clock.advance(180_000);
  // One look a second is this process's share, so each of the 60 is looked at three times in three minutes.
  expect(polls() - before).toBeGreaterThanOrEqual(178);
  expect(polls() - before).toBeLessThanOrEqual(182);
  const each = new Map<string, number>();
  for (const call of peer.calls) each.set(call, (each.get(call) ?? 0) + 1);
  expect(Math.max(...each.values()) - Math.min(...each.values())).toBeLessThanOrEqual(1);
  abort.abort(new Error('enough'));
  await ended;
  await stage.close();
});
