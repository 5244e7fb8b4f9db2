import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as draining from './draining.ts';
import { eventBetween } from './event.ts';
import { FAULTS, Fault, type FaultCode } from './fault.ts';
import * as transitions from './transitions.ts';
import { accepted, artifact, frozen, policy, prepared, result, SECRET, WORKERS } from './video.fixture.ts';
import { freesSlot, isDraining, isTerminal, STATUSES, type Status, type Video } from './video.ts';

interface Step {
  readonly name: string;
  readonly apply: (video: Video, now: number) => Video;
}

const peers = fc.record({ billed: fc.boolean(), canLookUp: fc.boolean() });
const faults = fc
  .record({
    code: fc.constantFrom(...(Object.keys(FAULTS) as FaultCode[])),
    retryAfterMs: fc.option(fc.nat(100_000), { nil: undefined }),
    attemptGoesOn: fc.boolean(),
  })
  .map(
    ({ code, retryAfterMs, attemptGoesOn }) =>
      new Fault(code, SECRET, { attemptGoesOn, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) }),
  );

/** Everything that the service and the lanes do to a video, in any order. */
const steps: fc.Arbitrary<Step> = fc.oneof(
  fc.constant<Step>({
    name: 'lease',
    apply: (video) => (video.worker === null ? transitions.lease(video, WORKERS[0]) : video),
  }),
  fc.constant<Step>({ name: 'fetching', apply: transitions.fetching }),
  fc.constant<Step>({ name: 'admit', apply: (video, now) => transitions.admit(video, prepared, [], now, policy) }),
  fc.constant<Step>({ name: 'begin', apply: (video, now) => transitions.begin(video, now, policy) }),
  fc.constant<Step>({ name: 'remember', apply: (video, now) => transitions.remember(video, { handle: 'op' }, now) }),
  fc.tuple(fc.double(), fc.constantFrom('generating', 'upstream_queued', 'storing')).map(
    ([fraction, phase]): Step => ({
      name: `advance ${fraction}`,
      apply: (video, now) => transitions.advance(video, fraction, phase, now, policy),
    }),
  ),
  fc.constant<Step>({ name: 'succeed', apply: (video, now) => transitions.succeed(video, result, now, policy) }),
  fc.tuple(faults, peers).map(
    ([fault, peer]): Step => ({
      name: `afterFault ${fault.code}`,
      apply: (video, now) => transitions.afterFault(video, fault, peer, now, policy),
    }),
  ),
  peers.map(
    (peer): Step => ({
      name: 'lost worker',
      apply: (video, now) =>
        transitions.afterLoss(
          transitions.lease(transitions.lease({ ...video, worker: null }, WORKERS[0]), WORKERS[1]),
          peer,
          now,
          policy,
        ),
    }),
  ),
  peers.map(
    (peer): Step => ({ name: 'giveBack', apply: (video, now) => transitions.giveBackFrom(video, peer, now, policy) }),
  ),
  fc.constant<Step>({ name: 'cancel', apply: (video, now) => transitions.cancel(video, now, policy) }),
  faults.map((fault): Step => ({ name: 'fail', apply: (video, now) => transitions.fail(video, fault, now, policy) })),
  peers.map((peer): Step => ({ name: 'giveUp', apply: (video, now) => transitions.giveUp(video, peer, now, policy) })),
  fc.constant<Step>({ name: 'postpone', apply: (video, now) => transitions.postpone(video, 5, now) }),
  fc.constant<Step>({ name: 'drain: end', apply: draining.endDrain }),
  fc.constant<Step>({ name: 'drain: await', apply: draining.awaitEnd }),
  fc.constant<Step>({ name: 'drain: later', apply: (video, now) => draining.drainLater(video, 5, now) }),
  fc.constant<Step>({
    name: 'drain: found',
    apply: (video, now) => draining.foundOperation(video, { handle: 1 }, now),
  }),
  fc.constant<Step>({
    name: 'drain: late',
    apply: (video, now) => {
      if (video.attempt?.drain !== 'result') throw new Error('nobody waits for a result');
      return draining.keepLate(video, { video: artifact('late'), facts: result.facts }, now, policy);
    },
  }),
  fc.constant<Step>({
    name: 'stray',
    apply: (video, now) =>
      draining.straySubmission(video, video.attempt?.id ?? '', { handle: 2 }, now, policy) ?? video,
  }),
  fc.constant<Step>({ name: 'expire', apply: transitions.expire }),
  fc.constant<Step>({ name: 'entomb', apply: (video, now) => transitions.entomb(video, now, policy) }),
);

/** Runs a story; steps that are refused change nothing, the others are written as the store would. */
function tell(
  story: readonly (readonly [Step, number])[],
  seen: (before: Video, after: Video, now: number) => void,
): Video {
  let video = accepted();
  let now = 0;
  for (const [step, pause] of story) {
    now += pause;
    let next: Video;
    try {
      next = step.apply(video, now);
    } catch {
      continue;
    }
    if (next === video) continue;
    next = frozen({ ...next, version: video.version + 1 });
    seen(video, next, now);
    video = next;
  }
  return video;
}

const ORDER: Readonly<Record<Status, number>> = {
  pending: 0,
  queued: 1,
  running: 2,
  succeeded: 3,
  failed: 3,
  cancelled: 3,
};
const stories = fc.array(fc.tuple(steps, fc.nat(10_000)), { maxLength: 60 });

function always(holds: (before: Video, after: Video, now: number) => void): void {
  fc.assert(
    fc.property(stories, (story) => {
      tell(story, holds);
    }),
    { numRuns: 1_000 },
  );
}

describe('whatever happens to a video', () => {
  it('reaches every status and every end in these stories', () => {
    const reached = new Set<string>();
    fc.assert(
      fc.property(stories, (story) => {
        const video = tell(story, (_, after) => reached.add(after.status));
        reached.add(video.failure?.code ?? '');
      }),
      { numRuns: 2_000, seed: 1 },
    );
    expect([...reached]).toEqual(expect.arrayContaining(STATUSES.filter((status) => status !== 'pending')));
    expect([...reached]).toEqual(expect.arrayContaining(['timeout', 'submission_unknown']));
  });

  it('its status never moves left and a terminal one never changes', () => {
    always((before, after) => {
      expect(ORDER[after.status]).toBeGreaterThanOrEqual(ORDER[before.status]);
      if (isTerminal(before.status)) {
        expect(after.status).toBe(before.status);
        expect(after.completedAt).toBe(before.completedAt);
      }
    });
  });

  it('its progress never falls and is 1 exactly at succeeded', () => {
    always((before, after) => {
      expect(after.progress).toBeGreaterThanOrEqual(before.progress);
      expect(after.progress === 1).toBe(after.status === 'succeeded');
    });
  });

  it('a write tells at most one event, and always one when the status changes', () => {
    always((before, after) => {
      const event = eventBetween(before, after);
      const deletedNow = after.deletedAt !== null && before.deletedAt === null;
      if (deletedNow) expect(event).toBe('video.deleted');
      else if (after.status !== before.status) expect(event).toBe(`video.${after.status}`);
      else if (after.expired !== before.expired) expect(event).toBe('video.expired');
      else if (after.late !== null && before.late === null) expect(event).toBe('video.late_result');
      else expect([undefined, 'video.progress']).toContain(event);
    });
  });

  it('it is due, has a deadline and may have a worker exactly until it ends, at its peer too', () => {
    always((_, after) => {
      const ended = isTerminal(after.status);
      const settled = ended && freesSlot(after);
      expect(after.dueAt === null).toBe(settled);
      expect(after.deadlineAt === null).toBe(settled);
      expect(after.attempt === null || after.attempt.drain !== null).toBe(after.attempt === null || isDraining(after));
      expect(after.completedAt === null).toBe(!ended);
      expect(after.expiresAt === null).toBe(!ended);
      if (ended) expect([after.phase, after.sources]).toEqual([null, null]);
      if (settled) expect([after.worker, after.attempt?.state ?? 'closed']).toEqual([null, 'closed']);
    });
  });

  it('its tries are bounded and counted', () => {
    always((before, after) => {
      expect(after.tries.faults).toBeLessThanOrEqual(policy.maxFaults);
      expect(after.tries.lost).toBeLessThanOrEqual(policy.maxLost + 1);
      if (after.tries.lost > policy.maxLost) expect(after.status).toBe('failed');
      if (after.tries.faults === policy.maxFaults) expect(isTerminal(after.status)).toBe(true);
      expect(after.tries.begun - before.tries.begun).toBeGreaterThanOrEqual(0);
      expect(after.attempt?.number ?? 0).toBe(after.tries.begun);
      expect(after.startedAt === null).toBe(after.tries.begun === 0);
    });
  });

  it('has what its status promises', () => {
    always((_, after) => {
      const deleted = after.deletedAt !== null;
      expect(after.failure !== null).toBe(after.status === 'failed' && !deleted);
      expect(after.result !== null).toBe(after.status === 'succeeded' && !deleted);
      expect(after.sources !== null).toBe(after.status === 'pending');
      if (after.status === 'queued' || after.status === 'running') expect(after.prepared).not.toBeNull();
      if (after.status === 'running') expect(after.phase).not.toBeNull();
      if (after.phase !== null) expect(['pending', 'running']).toContain(after.status);
    });
  });

  it('time is told by the step that wrote', () => {
    always((before, after, now) => {
      // Taking a lease is no change that a caller sees.
      expect([now, before.updatedAt]).toContain(after.updatedAt);
      if (eventBetween(before, after) !== undefined) expect(after.updatedAt).toBe(now);
      expect([after.createdAt, after.id, after.owner]).toEqual([before.createdAt, before.id, before.owner]);
    });
  });
});
