import { describe, expect, it } from 'vitest';
import { eventBetween } from './event.ts';
import { Fault } from './fault.ts';
import * as transitions from './transitions.ts';
import {
  accepted,
  admitted,
  begun,
  policy,
  prepared,
  remembered,
  result,
  SECRET,
  succeeded,
  WORKERS,
} from './video.fixture.ts';
import { isDraining, isTerminal } from './video.ts';

const FREE = { billed: false, canLookUp: false };

describe('entomb', () => {
  const STAGES = {
    pending: accepted,
    queued: admitted,
    running: begun,
    resumable: remembered,
    succeeded,
    failed: () => transitions.fail(begun(), new Fault('backend_failed', SECRET), 1, policy),
    cancelled: () => transitions.cancel(begun(), 1, policy),
  };

  it.each(Object.entries(STAGES))('leaves nothing in a %s video that the caller sent or got', (_, make) => {
    const video = make();
    const gone = transitions.entomb(video, 5, policy);
    expect(JSON.stringify(gone)).not.toContain(SECRET);
    expect(gone).toMatchObject({ id: video.id, owner: video.owner, deletedAt: 5, expired: true });
    expect(gone.dueAt).toBe(isDraining(gone) ? 5 : null);
    expect(isTerminal(gone.status)).toBe(true);
    expect(eventBetween(video, gone)).toBe('video.deleted');
    if (isTerminal(video.status)) expect(gone.completedAt).toBe(video.completedAt);
    else expect(gone).toMatchObject({ status: 'cancelled', completedAt: 5 });
  });
});

describe('after a lost worker', () => {
  const BILLED = { billed: true, canLookUp: false };

  it('never asks a billed peer again that may have accepted', () => {
    const next = transitions.afterLoss(begun(), BILLED, 9, policy);
    expect(next).toMatchObject({ status: 'failed', failure: { code: 'submission_unknown' }, completedAt: 9 });
  });

  it.each([
    ['a free one', begun, { billed: false, canLookUp: false }],
    ['one that can look up', begun, { billed: true, canLookUp: true }],
    ['one that was not asked yet', admitted, BILLED],
  ])('goes on with %s', (_, make, peer) => {
    const next = transitions.afterLoss(make(), peer, 9, policy);
    expect(isTerminal(next.status)).toBe(false);
    expect(next).toMatchObject({ worker: null, dueAt: 9 });
  });

  it('goes on with the saved operation of a billed peer, in the same attempt', () => {
    const next = transitions.afterLoss(remembered(), BILLED, 9, policy);
    expect(next).toMatchObject({
      status: 'running',
      attempt: { number: 1, state: 'open', operation: { handle: 'op-1' } },
    });
  });

  it('gives up a video that loses its worker 21 times', () => {
    let video = admitted();
    let lost = 0;
    while (!isTerminal(video.status)) {
      const held = { ...video, worker: WORKERS[0] };
      video = transitions.afterLoss(
        transitions.lease(held, WORKERS[1]),
        { billed: false, canLookUp: false },
        lost,
        policy,
      );
      lost += 1;
    }
    expect(lost).toBe(21);
    expect(video.failure?.code).toBe('worker_lost');
  });
});

describe('giving back at shutdown', () => {
  it('counts nothing, and another worker may go on at once', () => {
    const next = transitions.giveBackFrom(begun(), { billed: false, canLookUp: false }, 9, policy);
    expect(next).toMatchObject({ status: 'running', phase: 'retrying', worker: null, dueAt: 9 });
    expect(next.attempt?.state).toBe('closed');
    expect(next.tries).toEqual({ begun: 1, faults: 0, lost: 0 });
  });

  it('does not ask a billed peer twice that was being asked', () => {
    const next = transitions.giveBackFrom(begun(), { billed: true, canLookUp: false }, 9, policy);
    expect(next).toMatchObject({ status: 'failed', failure: { code: 'submission_unknown' } });
    const known = transitions.giveBackFrom(remembered(), { billed: true, canLookUp: false }, 9, policy);
    expect(known).toMatchObject({ status: 'running', attempt: { state: 'open' } });
  });
});

describe('what is refused', () => {
  it('cancelling is a fault for a finished video and nothing for a cancelled one', () => {
    const cancelled = transitions.cancel(begun(), 1, policy);
    expect(transitions.cancel(cancelled, 2, policy)).toBe(cancelled);
    for (const done of [succeeded(), transitions.giveUp(begun(), { billed: true }, 1, policy)]) {
      expect(() => transitions.cancel(done, 2, policy)).toThrow(expect.objectContaining({ code: 'already_finished' }));
    }
  });

  it.each([
    ['admit twice', () => transitions.admit(admitted(), prepared, [], 1, policy)],
    ['begin without frames', () => transitions.begin(accepted(), 1, policy)],
    ['begin after the end', () => transitions.begin(succeeded(), 1, policy)],
    ['succeed without an attempt', () => transitions.succeed(admitted(), result, 1, policy)],
    ['succeed twice', () => transitions.succeed(succeeded(), result, 1, policy)],
    ['advance a closed attempt', () => transitions.advance(succeeded(), 0.5, 'generating', 1, policy)],
    ['lease after the end', () => transitions.lease(succeeded(), WORKERS[0])],
    ['expire a live one', () => transitions.expire(begun(), 1)],
    ['fail a finished one', () => transitions.fail(succeeded(), new Fault('timeout', 'x'), 1, policy)],
  ])('to %s', (_, action) => {
    expect(action).toThrow(/video_0/);
  });
});

describe('deadlines', () => {
  it('are those of the status, and of the backend while it runs', () => {
    expect(accepted(7).deadlineAt).toBe(7 + policy.pendingDeadlineMs);
    expect(admitted(7).deadlineAt).toBe(7 + policy.queuedDeadlineMs);
    expect(begun(7).deadlineAt).toBe(7 + 600_000);
    const elsewhere = transitions.begin({ ...admitted(7), backend: 'gpu' }, 7, policy);
    expect(elsewhere.deadlineAt).toBe(7 + 7_200_000);
  });

  it('fail the video with words for the caller', () => {
    expect(transitions.giveUp(admitted(), { billed: true }, 5, policy).failure).toEqual({
      code: 'timeout',
      message: 'The video did not leave "queued" in time.',
    });
  });

  it('start again with each attempt, and the slowness of one is not held against the next', () => {
    const retried = transitions.afterFault(begun(0), new Fault('backend_failed', 'x'), FREE, 500_000, policy);
    expect(transitions.begin(retried, 502_000, policy).deadlineAt).toBe(502_000 + 600_000);
  });
});
