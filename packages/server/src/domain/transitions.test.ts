import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { accept } from './accept.ts';
import * as draining from './draining.ts';
import { eventBetween } from './event.ts';
import { FAULTS, Fault, type FaultCode } from './fault.ts';
import type { ApiKeyId, OwnerId, VideoId, WorkerId } from './id.ts';
import { DEFAULT_POLICY } from './policy.ts';
import type { Artifact, PreparedFrames, Result } from './result.ts';
import * as transitions from './transitions.ts';
import { freesSlot, isDraining, isTerminal, STATUSES, type Status, type Video } from './video.ts';

const policy = { ...DEFAULT_POLICY, resultTtlMs: 1_000_000 };
const ID = 'video_00000000000000000000000001' as VideoId;
const WORKERS = ['worker_a' as WorkerId, 'worker_b' as WorkerId] as const;
const SECRET = 'secret-of-the-caller';

const artifact = (key: string): Artifact => ({ key: `${key}-${SECRET}`, bytes: 1, sha256: 'ab', type: 'image/png' });
const prepared: PreparedFrames = { width: 1280, height: 720, first: artifact('first'), last: artifact('last') };
const result: Result = {
  video: artifact('video'),
  thumbnail: artifact('thumbnail'),
  lastFrame: artifact('last_frame'),
  facts: { width: 1280, height: 720, fps: 16, frames: 81, durationMs: 5_000 },
  report: { note: SECRET },
  actualPrompt: SECRET,
};

/** Frozen through and through: a transition that changed its input would throw. */
function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const part of Object.values(value)) frozen(part);
    Object.freeze(value);
  }
  return value;
}

function accepted(now = 0): Video {
  const video = accept(
    {
      id: ID,
      owner: 'default' as OwnerId,
      apiKey: 'key_1' as ApiKeyId,
      generation: {
        model: 'wan2.2-kf2v-flash',
        prompt: SECRET,
        negativePrompt: SECRET,
        seconds: 5,
        size: '720P',
        promptExtend: true,
        watermark: false,
        seed: 1,
        tags: { [SECRET]: SECRET },
      },
      sources: {
        first: { kind: 'url', url: `https://example.com/${SECRET}` },
        last: { kind: 'sample', name: 'sample_last' },
      },
      backend: 'renderer',
      warnings: [{ code: 'unknown_field', message: SECRET }],
    },
    now,
    policy,
  );
  return frozen(video);
}

const admitted = (now = 0) => transitions.admit(accepted(now), prepared, [], now, policy);
const begun = (now = 0) => transitions.begin(transitions.lease(admitted(now), WORKERS[0]), now, policy);
const remembered = (now = 0) => transitions.remember(begun(now), { handle: 'op-1' }, now);
const succeeded = (now = 0) => transitions.succeed(begun(now), result, now, policy);

interface Step {
  readonly name: string;
  readonly apply: (video: Video, now: number) => Video;
}

const FREE = { billed: false, canLookUp: false };
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
