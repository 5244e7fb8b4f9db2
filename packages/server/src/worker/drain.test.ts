import { describe, expect, it } from 'vitest';
import { openPeerStage } from '../../../../test/support/peer-stage.ts';
import { CALLER, createStage } from '../../../../test/support/stage.ts';
import { FACTS } from '../../../../test/support/world.ts';
import { Fault } from '../domain/fault.ts';

/** What goes on at a peer after its video has ended. */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const opened = openPeerStage;

describe('a cancelled operation', () => {
  it('is stopped, and only then its attempt is closed and its slot free', async () => {
    const { accepted, videos, backend, state, clock, row, events, meter } = await opened();
    const video = await accepted(HOUR);
    const cancelled = await videos.cancel(CALLER, video.id);
    expect(cancelled).toMatchObject({ status: 'cancelled', attempt: { state: 'open', drain: 'stop' } });
    expect(state.slots.size).toBe(1);
    await clock.settle();
    expect(backend.peer[0]?.stopped).toBe(true);
    expect(await row(video)).toMatchObject({
      status: 'cancelled',
      completedAt: cancelled.completedAt,
      attempt: { state: 'closed', drain: null },
      worker: null,
      dueAt: null,
      deadlineAt: null,
    });
    expect(state.slots.size).toBe(0);
    expect(events(video).filter((event) => event === 'video.cancelled')).toHaveLength(1);
    expect(events(video).at(-1)).toBe('video.cancelled');
    expect(meter.counted('inbetween_stops_total', 'answer=stopped')).toBe(1);
    expect(meter.counted('inbetween_videos_finished_total')).toBe(0);
  });

  it('that cannot be stopped keeps its slot until the peer has ended, and its result is not kept', async () => {
    const { accepted, submit, videos, backend, state, clock, row, artifacts, until } = await opened({
      capabilities: { cancel: 'ignores' },
    });
    const video = await accepted(10 * MINUTE);
    await videos.cancel(CALLER, video.id);
    const next = await submit();
    await clock.advance(9 * MINUTE);
    expect(await row(video)).toMatchObject({ attempt: { state: 'open', drain: 'end' } });
    expect([(await row(next)).status, state.slots.size]).toEqual(['queued', 1]);
    await until(next, 'succeeded', 2 * MINUTE);
    expect(await row(video)).toMatchObject({ status: 'cancelled', late: null, attempt: { state: 'closed' } });
    expect(await artifacts.keys(`videos/${video.id}/1/`)).toEqual([]);
    expect(backend.operations).toBe(1);
  });

  it('is asked to stop again while its peer does not answer', async () => {
    const { accepted, videos, backend, state, clock, meter } = await opened();
    const video = await accepted(DAY);
    backend.stopAnswer = 'unknown';
    await videos.cancel(CALLER, video.id);
    await clock.advance(25_000);
    expect(meter.counted('inbetween_stops_total', 'answer=unknown')).toBe(3);
    expect(state.slots.size).toBe(1);
    backend.stopAnswer = undefined;
    await clock.advance(10_000);
    expect([backend.peer[0]?.stopped, state.slots.size]).toEqual([true, 0]);
  });

  it('is given up at its deadline when its end is never seen', async () => {
    const { accepted, videos, backend, state, clock, row, policy } = await opened();
    const video = await accepted(30 * DAY);
    backend.stopAnswer = 'goes_on';
    const { deadlineAt, completedAt } = await videos.cancel(CALLER, video.id);
    expect(deadlineAt).toBe((completedAt ?? 0) + policy.stopLimitMs);
    await clock.advance(policy.stopLimitMs - MINUTE);
    expect(state.slots.size).toBe(1);
    await clock.advance(2 * MINUTE);
    expect(state.slots.size).toBe(0);
    expect(await row(video)).toMatchObject({ status: 'cancelled', attempt: { state: 'closed' }, worker: null });
    expect(backend.running).toBe(0);
  });

  it('is drained by whoever goes on after a restart', async () => {
    const stage = createStage({ slots: 1, remote: true });
    const first = await stage.running();
    stage.backend.script.push({ do: 'operation', ms: HOUR });
    const video = await stage.submit();
    await stage.clock.until('operation', () => stage.backend.operations === 1);
    await first.stop(0);
    expect(stage.backend.peer[0]?.stopped).toBe(false);
    await stage.videos.cancel(CALLER, video.id);
    await stage.running();
    await stage.clock.settle();
    expect(stage.backend.peer[0]?.stopped).toBe(true);
    expect(stage.state.slots.size).toBe(0);
  });

  it('of a deleted video is stopped with nothing of the caller left in its row', async () => {
    const { accepted, videos, backend, state, clock } = await opened();
    const video = await accepted(HOUR);
    backend.stopAnswer = 'unknown';
    await videos.delete(CALLER, video.id);
    await clock.advance(MINUTE);
    expect(JSON.stringify([...state.videos.values()])).not.toContain('a kitten');
    expect(state.slots.size).toBe(1);
    backend.stopAnswer = undefined;
    await clock.advance(MINUTE);
    expect([backend.peer[0]?.stopped, state.slots.size, state.videos.size]).toEqual([true, 0, 0]);
  });

  it('goes on undisturbed when the process only stops', async () => {
    const stage = createStage({ slots: 1, remote: true, capabilities: { cancel: 'ignores' } });
    const first = await stage.running();
    stage.backend.script.push({ do: 'operation', ms: 2 * MINUTE });
    const video = await stage.submit();
    await stage.clock.until('operation', () => stage.backend.operations === 1);
    await stage.videos.cancel(CALLER, video.id);
    await stage.clock.advance(5_000);
    await first.stop(0);
    expect(await stage.row(video)).toMatchObject({ worker: null, attempt: { state: 'open', drain: 'end' } });
    await stage.running();
    await stage.clock.advance(3 * MINUTE);
    expect(await stage.row(video)).toMatchObject({ attempt: { state: 'closed' } });
    expect(stage.clock.sleepers).toBeGreaterThan(0);
  });
});

describe('a cancel in the moment of the submission', () => {
  it('stops what the peer accepts afterwards', async () => {
    const { backend, submit, videos, clock, state, row } = await opened({ capabilities: { billed: true } });
    backend.script.push({ do: 'operation', ms: HOUR, acceptMs: 5_000 });
    const video = await submit();
    await clock.until('call', () => backend.running === 1);
    const cancelled = await videos.cancel(CALLER, video.id);
    expect(cancelled).toMatchObject({ status: 'cancelled', attempt: { state: 'submitting', drain: 'stop' } });
    expect(state.slots.size).toBe(1);
    await clock.advance(6_000);
    expect(backend.peer).toMatchObject([{ stopped: true }]);
    expect(await row(video)).toMatchObject({ status: 'cancelled', attempt: { state: 'closed' } });
    expect(state.slots.size).toBe(0);
  });

  it('frees the slot when the peer refuses, or after a minute in which nobody could tell', async () => {
    const { backend, submit, videos, clock, state } = await opened();
    for (const step of [{ do: 'refuse', ms: 5_000 }, { do: 'hang' }] as const) {
      backend.script.push(step);
      const video = await submit();
      await clock.until('call', () => backend.running === 1);
      await videos.cancel(CALLER, video.id);
      await clock.advance(4_000);
      expect(state.slots.size).toBe(1);
      await clock.advance(step.do === 'refuse' ? 2_000 : 60_000);
      expect(state.slots.size).toBe(0);
    }
  });

  it('finds what was accepted although nobody heard of it, where the peer can look it up', async () => {
    const { backend, submit, videos, clock, state, row } = await opened({ capabilities: { canLookUp: true } });
    backend.script.push({ do: 'accept-unheard', ms: HOUR });
    backend.lookUpError = new Fault('backend_unavailable', 'It restarts.');
    const video = await submit();
    await clock.until('lost answer', () => backend.operations === 1);
    await clock.advance(5_000);
    await videos.cancel(CALLER, video.id);
    await clock.advance(2 * MINUTE);
    expect(state.slots.size).toBe(1);
    backend.lookUpError = undefined;
    await clock.advance(MINUTE);
    expect(backend.peer).toMatchObject([{ stopped: true }]);
    expect(state.slots.size).toBe(0);
    expect(await row(video)).toMatchObject({ status: 'cancelled', attempt: { state: 'closed' } });
  });
});

describe('past the running deadline', () => {
  const policy = { runningDeadlineMs: { renderer: 10 * MINUTE } };

  it('a paid operation is followed, and its late result kept for the operator for a week', async () => {
    const { accepted, backend, clock, row, state, events, artifacts, until, videos } = await opened({
      policy,
      capabilities: { billed: true },
    });
    const video = await accepted(30 * MINUTE);
    const failed = await until(video, 'failed', 11 * MINUTE);
    expect(failed).toMatchObject({ failure: { code: 'timeout' }, attempt: { state: 'open', drain: 'result' } });
    await clock.advance(10 * MINUTE);
    expect(state.slots.size).toBe(1);
    await clock.advance(11 * MINUTE);
    const late = await row(video);
    const key = `videos/${video.id}/1/late.mp4`;
    expect(late).toMatchObject({ status: 'failed', result: null, late: { video: { key }, facts: FACTS } });
    expect(late.completedAt).toBe(failed.completedAt);
    expect([state.slots.size, backend.operations, backend.peer[0]?.stopped]).toEqual([0, 1, false]);
    expect(events(video).slice(-2)).toEqual(['video.failed', 'video.late_result']);
    await expect(videos.content(CALLER, video.id, 'video')).rejects.toMatchObject({ code: 'no_content' });
    // The sweep of orphans leaves it alone for a week.
    await clock.leap(2 * HOUR);
    await clock.advance(10_000);
    expect(await artifacts.keys(key)).toEqual([key]);
    await clock.leap(7 * DAY);
    await clock.advance(10_000);
    expect((await row(video)).late).toBeNull();
    expect(await artifacts.keys(key)).toEqual([]);
  });

  it('a paid operation that fails at last leaves nothing', async () => {
    const { backend, submit, clock, row, state, until } = await opened({ policy, capabilities: { billed: true } });
    backend.script.push({ do: 'operation', ms: 15 * MINUTE, end: new Fault('content_rejected', 'No.') });
    const video = await submit();
    await until(video, 'failed', 11 * MINUTE);
    await clock.advance(6 * MINUTE);
    expect(await row(video)).toMatchObject({ failure: { code: 'timeout' }, late: null, attempt: { state: 'closed' } });
    expect(state.slots.size).toBe(0);
  });

  it('the result of a deleted video is not waited for', async () => {
    const { accepted, backend, clock, row, state, until, videos } = await opened({
      policy,
      capabilities: { billed: true },
    });
    const video = await accepted(DAY);
    await until(video, 'failed', 11 * MINUTE);
    await clock.advance(MINUTE);
    backend.stopAnswer = 'unknown';
    await videos.delete(CALLER, video.id);
    await clock.advance(1_000);
    expect((await row(video)).attempt).toMatchObject({ drain: 'stop' });
    backend.stopAnswer = undefined;
    await clock.advance(20_000);
    expect([backend.peer[0]?.stopped, state.slots.size]).toEqual([true, 0]);
  });

  it('an operation that costs nothing is stopped', async () => {
    const { accepted, backend, clock, state, until } = await opened({ policy });
    const video = await accepted(DAY);
    await until(video, 'failed', 11 * MINUTE);
    await clock.advance(1_000);
    expect([backend.peer[0]?.stopped, state.slots.size]).toEqual([true, 0]);
  });

  it('of results and rows, a late result still has its week', async () => {
    const { accepted, clock, row, artifacts, until } = await opened({
      policy: { ...policy, resultTtlMs: HOUR, rowTtlMs: 2 * HOUR },
      capabilities: { billed: true },
    });
    const video = await accepted(30 * MINUTE);
    await until(video, 'failed', 11 * MINUTE);
    await clock.advance(3 * HOUR);
    expect(await row(video)).toMatchObject({ expired: true, late: { video: { bytes: expect.any(Number) } } });
    expect(await artifacts.keys(`videos/${video.id}/`)).toEqual([`videos/${video.id}/1/late.mp4`]);
    await clock.leap(8 * DAY);
    await clock.advance(MINUTE);
    expect(await artifacts.keys()).toEqual([]);
    await expect(row(video)).rejects.toThrow('has no row');
  });
});

describe('a remote attempt', () => {
  it('that the peer has failed is never resumed: the next try is a new operation', async () => {
    const { backend, submit, until } = await opened();
    backend.script.push({ do: 'operation', ms: 5_000, end: new Fault('backend_failed', 'Out of memory.') });
    backend.usually = { do: 'operation', ms: 5_000 };
    const video = await submit();
    const done = await until(video, 'succeeded');
    expect(done.attempt?.number).toBe(2);
    expect(backend.calls.map((call) => call.ask.operation)).toEqual([null, null]);
  });

  it('is resumed, not paid again, when only storing its result failed', async () => {
    const { accepted, backend, media, until, clock } = await opened({ capabilities: { billed: true } });
    const video = await accepted(5_000);
    backend.usually = { do: 'operation' };
    media.fault = new Fault('storage_full', 'The disk is full.');
    await clock.advance(6_000);
    media.fault = undefined;
    const done = await until(video, 'succeeded');
    expect([done.attempt?.number, done.tries.faults, backend.operations]).toEqual([1, 0, 1]);
  });

  it('whose answer was lost is looked up and resumed', async () => {
    const { backend, submit, until } = await opened({ capabilities: { billed: true, canLookUp: true } });
    backend.script.push({ do: 'accept-unheard', ms: 20_000 });
    backend.usually = { do: 'operation' };
    const video = await submit();
    const done = await until(video, 'succeeded');
    expect([done.attempt?.number, backend.operations]).toEqual([1, 1]);
    expect(backend.lookedUp).toEqual([`${video.id}.1`]);
  });

  it('that surely never arrived is sent again, and while nobody can tell it is not', async () => {
    const { backend, submit, until, clock, row, state } = await opened({
      capabilities: { billed: true, canLookUp: true },
    });
    backend.script.push({
      do: 'fail',
      fault: new Fault('backend_unavailable', 'The connection broke.', { attemptGoesOn: true }),
    });
    backend.usually = { do: 'operation', ms: 1_000 };
    backend.lookUpError = new Error('ECONNREFUSED');
    const video = await submit();
    await clock.advance(5 * MINUTE);
    expect(await row(video)).toMatchObject({ status: 'running', attempt: { number: 1, state: 'submitting' } });
    expect([backend.operations, state.slots.size]).toEqual([0, 1]);
    backend.lookUpError = undefined;
    expect((await until(video, 'succeeded')).attempt?.number).toBe(2);
    expect(backend.operations).toBe(1);
  });

  it('whose answer was lost and that is billed and cannot be looked up is not sent again', async () => {
    const { backend, submit, until, state } = await opened({ capabilities: { billed: true } });
    backend.script.push({ do: 'accept-unheard' });
    const video = await submit();
    expect((await until(video, 'failed')).failure?.code).toBe('submission_unknown');
    expect([backend.operations, state.slots.size]).toEqual([1, 0]);
  });

  it('that a frozen worker submits after it was taken for lost is stopped when the worker wakes', async () => {
    const stage = createStage({ slots: 1, remote: true, capabilities: { billed: true } });
    const first = await stage.running();
    stage.backend.script.push({ do: 'operation', ms: DAY, acceptMs: 5_000 });
    const video = await stage.submit();
    await stage.clock.until('call', () => stage.backend.running === 1);
    first.freeze();
    await stage.running();
    await stage.until(video, 'failed', 2 * MINUTE);
    first.thaw();
    await stage.clock.advance(5_000);
    expect(await stage.row(video)).toMatchObject({
      failure: { code: 'submission_unknown' },
      attempt: { state: 'closed' },
    });
    expect(stage.backend.peer).toMatchObject([{ stopped: true }]);
  });
});

describe('a stall', () => {
  const patient = { runningDeadlineMs: { renderer: 6 * HOUR } };

  it('ends a video that has told progress and tells no more', async () => {
    const { backend, submit, until, row, clock } = await opened({ policy: patient });
    backend.usually = { do: 'succeed', ms: 2 * HOUR };
    const video = await submit();
    await clock.advance(41 * MINUTE);
    expect(await row(video)).toMatchObject({ status: 'running', progress: 0.25 });
    const done = await until(video, 'failed', 15 * MINUTE);
    expect(done.failure).toEqual({
      code: 'timeout',
      message: 'The service that makes the video told no progress for 15 minutes.',
    });
  });

  it('does not end one that waits in the queue of its peer, or tells no progress at all', async () => {
    const { accepted, row, clock } = await opened({ policy: patient });
    const video = await accepted(DAY);
    await clock.advance(40 * MINUTE);
    expect((await row(video)).status).toBe('running');
  });
});
