import { describe, expect, it } from 'vitest';
import { createFakeClock } from '../../../../test/support/clock.ts';
import { createCountingMeter, createFakeBell, createQuietLog } from '../../../../test/support/fakes.ts';
import { createStage } from '../../../../test/support/stage.ts';
import { createLane, type LaneRules, type Work } from './lane.ts';

function opened(rules: Partial<LaneRules> = {}) {
  const parts = {
    clock: createFakeClock(),
    bell: createFakeBell(),
    log: createQuietLog(),
    meter: createCountingMeter(),
  };
  const due: Work[] = [];
  let looks = 0;
  const lane = createLane(
    {
      name: 'test',
      topic: 'generate',
      concurrency: 2,
      idleMs: 2_000,
      claim: async (free) => {
        looks += 1;
        return due.splice(0, free);
      },
      ...rules,
    },
    parts,
  );
  return { ...parts, lane, due, looks: () => looks };
}

const until = (signal: AbortSignal) =>
  new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));

describe('a lane', () => {
  it('looks at once, at a ring, at the end of a work, and every idle time', async () => {
    const { lane, clock, bell, due, looks } = opened();
    await lane.start();
    await clock.settle();
    expect(looks()).toBe(1);
    bell.ring('generate');
    await clock.settle();
    expect(looks()).toBe(2);
    await clock.advance(2_000);
    expect(looks()).toBe(3);
    due.push(async () => {});
    bell.ring('generate');
    await clock.settle();
    expect(looks()).toBe(5);
  });

  it('hears a ring that comes while it looks', async () => {
    let ring = () => {};
    let looks = 0;
    const { lane, clock, bell } = opened({
      claim: async () => {
        looks += 1;
        if (looks === 1) ring();
        return [];
      },
    });
    ring = () => bell.ring('generate');
    await lane.start();
    await clock.settle();
    expect(looks).toBe(2);
  });

  it('runs no more than it may at once', async () => {
    const { lane, clock, due } = opened();
    let running = 0;
    let most = 0;
    for (let count = 0; count < 7; count += 1) {
      due.push(async () => {
        running += 1;
        most = Math.max(most, running);
        await clock.sleep(100);
        running -= 1;
      });
    }
    await lane.start();
    await clock.advance(400);
    expect([most, due.length, running]).toEqual([2, 0, 0]);
  });

  it('wakes when the next work becomes due, not at the next idle look', async () => {
    let looks = 0;
    const { lane, clock } = opened({
      claim: async () => {
        looks += 1;
        return [];
      },
      nextDue: async (after) => (after < startedAt + 300 ? startedAt + 300 : undefined),
    });
    const startedAt = clock.now();
    await lane.start();
    await clock.advance(299);
    expect(looks).toBe(1);
    await clock.advance(1);
    expect(looks).toBe(2);
  });

  it('does not spin while work is due that nobody can take', async () => {
    const stage = createStage({ slots: 1 });
    stage.backend.usually = { do: 'hang' };
    await stage.running();
    await stage.submit();
    await stage.submit();
    await stage.clock.advance(2_000);
    let claims = 0;
    const claim = stage.store.videos.claim;
    stage.store.videos.claim = (wish) => {
      claims += wish.lane === 'generate' ? 1 : 0;
      return claim(wish);
    };
    await stage.clock.advance(60_000);
    expect(claims).toBeLessThanOrEqual(40);
  });

  it('outlives errors of the store, and tells them', async () => {
    let looks = 0;
    const { lane, clock, log, meter } = opened({
      claim: async () => {
        looks += 1;
        if (looks <= 3) throw new Error('the store does not answer');
        return [];
      },
    });
    await lane.start();
    await clock.advance(3_000);
    expect(looks).toBe(4);
    expect(meter.counted('inbetween_lane_errors_total', 'lane=test')).toBe(3);
    expect(log.of('error')).toHaveLength(3);
  });

  it('outlives a work that ends in an unexpected error', async () => {
    const { lane, clock, due, log, looks } = opened();
    due.push(() => Promise.reject(new Error('a bug')));
    await lane.start();
    await clock.advance(10);
    expect([looks(), log.of('error').length]).toEqual([2, 1]);
  });

  it('stops: no new work, grace for what runs, then an abort, and never for ever', async () => {
    const { lane, clock, bell, due, looks, log } = opened();
    const ended: string[] = [];
    due.push(async () => {
      await clock.sleep(3_000);
      ended.push('in time');
    });
    due.push(async (signal) => {
      await until(signal);
      ended.push('aborted');
    });
    await lane.start();
    await clock.settle();
    const before = looks();
    let still = false;
    void lane.stop(5_000).then(() => {
      still = true;
    });
    bell.ring('generate');
    await clock.advance(4_999);
    expect([ended, still]).toEqual([['in time'], false]);
    await clock.advance(1);
    expect([ended, still]).toEqual([['in time', 'aborted'], true]);
    expect([looks() - before, clock.sleepers, bell.listeners(), log.lines.length]).toEqual([0, 0, 0, 0]);
  });

  it('stops although a work ignores everything, and says so', async () => {
    const { lane, clock, due, log } = opened();
    due.push(() => new Promise(() => {}));
    await lane.start();
    await clock.settle();
    let still = false;
    void lane.stop(1_000).then(() => {
      still = true;
    });
    await clock.advance(10_000);
    expect(still).toBe(true);
    expect(log.of('warn')).toHaveLength(1);
  });
});

describe('all lanes', () => {
  it('go on after a time in which the store did not answer', async () => {
    const stage = createStage();
    stage.failing.set('claim', new Error('connection refused')).set('due', new Error('connection refused'));
    await stage.running();
    const video = await stage.submit();
    await stage.clock.advance(30_000);
    expect((await stage.row(video)).status).toBe('pending');
    stage.failing.clear();
    await stage.until(video, 'succeeded', 5_000);
    expect(stage.meter.counted('inbetween_lane_errors_total', 'lane=admit')).toBeGreaterThan(5);
  });

  it('let a video be finished whose right could not be watched for a while', async () => {
    const stage = createStage();
    stage.backend.usually = { do: 'succeed', ms: 10_000 };
    await stage.running();
    const video = await stage.submit();
    await stage.clock.until('call', () => stage.backend.running === 1);
    stage.failing.set('find', new Error('connection refused'));
    await stage.until(video, 'succeeded');
  });

  it.each([
    ['while it works', 2_500],
    ['while it ends', 8_900],
  ])('do not leave a video behind when the store fails %s', async (_, failsAt) => {
    const stage = createStage();
    stage.backend.usually = { do: 'succeed', ms: 9_000 };
    await stage.running();
    const video = await stage.submit();
    await stage.clock.until('call', () => stage.backend.running === 1);
    await stage.clock.advance(failsAt);
    stage.failing.set('swap', new Error('database or disk is full'));
    await stage.clock.advance(10_000);
    stage.failing.clear();
    expect((await stage.until(video, 'succeeded', 60_000)).tries).toEqual({ begun: 1, faults: 0, lost: 0 });
  });
});
