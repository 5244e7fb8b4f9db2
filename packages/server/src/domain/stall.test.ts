import { describe, expect, it } from 'vitest';
import { NOW, POLICY, queued } from '../ports/store-contract/fixtures.contract.ts';
import type { Policy } from './policy.ts';
import { advance, begin, giveUp, remember } from './transitions.ts';
import type { Video } from './video.ts';

const MINUTE = 60_000;
const policy: Policy = {
  ...POLICY,
  runningDeadlineMs: { '*': 120 * MINUTE },
  stallMs: { '*': 15 * MINUTE, quick: 10_000 },
};

/** An attempt that was accepted at `NOW`. */
const running = (backend = 'gpu'): Video => remember(begin(queued(1, { backend }), NOW, policy), { handle: 1 }, NOW);
const limitOf = ({ deadlineAt }: Video) => (deadlineAt ?? 0) - NOW;
const at = (minutes: number) => NOW + minutes * MINUTE;

describe('silence', () => {
  it('counts from the last time that the fraction grew', () => {
    const half = advance(running(), 0.5, 'generating', at(10), policy);
    expect(limitOf(half)).toBe(25 * MINUTE);
    expect(limitOf(advance(half, 0.5, 'generating', at(20), policy))).toBe(25 * MINUTE);
    expect(limitOf(advance(half, 0.6, 'generating', at(20), policy))).toBe(35 * MINUTE);
  });

  it('counts from the beginning for one that tells that there is none yet', () => {
    expect(limitOf(advance(running(), 0, 'generating', at(1), policy))).toBe(15 * MINUTE);
  });

  it('counts for no one that only estimates, waits in a queue, or stores', () => {
    expect(limitOf(advance(running(), 0.5, 'generating', at(10), policy, true))).toBe(120 * MINUTE);
    const half = advance(running(), 0.5, 'generating', at(10), policy);
    expect(limitOf(advance(half, 0.5, 'storing', at(11), policy))).toBe(120 * MINUTE);
    const waiting = advance(running(), 0, 'upstream_queued', at(40), policy);
    expect(limitOf(waiting)).toBe(120 * MINUTE);
    // Its turn has come: silence counts from here.
    expect(limitOf(advance(waiting, 0, 'generating', at(41), policy))).toBe(56 * MINUTE);
  });

  it('is not forgotten by a new worker, and never outlasts the whole', () => {
    const half = advance(running(), 0.5, 'generating', at(10), policy);
    const resumed = { ...half, phase: 'retrying' as const, worker: null };
    expect(limitOf(advance(resumed, 0.5, 'generating', at(20), policy))).toBe(25 * MINUTE);
    expect(limitOf(advance(running(), 0.5, 'generating', at(119), policy))).toBe(120 * MINUTE);
  });

  it('has a limit of each backend, and is told in words', () => {
    const quick = advance(running('quick'), 0.5, 'generating', at(1), policy);
    expect(limitOf(quick)).toBe(MINUTE + 10_000);
    expect(giveUp(quick, { billed: false }, at(2), policy).failure?.message).toContain(
      'told no progress for 10 seconds',
    );
    const half = advance(running(), 0.5, 'generating', at(10), policy);
    expect(giveUp(half, { billed: false }, at(25), policy).failure?.message).toContain(
      'told no progress for 15 minutes',
    );
    const waiting = advance(running(), 0, 'upstream_queued', at(40), policy);
    expect(giveUp(waiting, { billed: false }, at(120), policy).failure?.message).toContain('did not leave "running"');
  });
});
