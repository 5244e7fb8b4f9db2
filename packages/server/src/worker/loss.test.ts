import { describe, expect, it } from 'vitest';
import { pngHeader } from '../../../../test/support/pictures.ts';
import { createStage, WORKER_TERM_MS } from '../../../../test/support/stage.ts';
import { Fault } from '../domain/fault.ts';

/** Workers that stop, stand still or vanish, and those that go on in their place. */

describe('shutdown', () => {
  it('lets running work end within its grace', async () => {
    const stage = createStage();
    stage.backend.usually = { do: 'succeed', ms: 20_000 };
    const worker = await stage.running();
    const video = await stage.submit();
    await stage.clock.until('call', () => stage.backend.running === 1);
    await worker.stop(30_000);
    expect(await stage.row(video)).toMatchObject({ status: 'succeeded', tries: { begun: 1 } });
    expect([stage.clock.sleepers, stage.bell.listeners(), stage.state.workers.size]).toEqual([0, 0, 0]);
  });

  it('gives back what does not end in time, and a successor finishes it', async () => {
    const stage = createStage();
    const worker = await stage.running();
    stage.backend.script.push({ do: 'hang' });
    const video = await stage.submit();
    const waiting = await stage.submit({ images: ['https://example.com/slow.png', 'sample_last'] });
    stage.fetcher.pages.set('https://example.com/slow.png', 'silence');
    await stage.clock.until('call', () => stage.backend.running === 1);
    await worker.stop(1_000);
    expect(stage.backend.calls[0]).toMatchObject({ aborted: true, released: true });
    expect(await stage.row(video)).toMatchObject({
      status: 'running',
      phase: 'retrying',
      worker: null,
      tries: { begun: 1, faults: 0, lost: 0 },
    });
    expect(await stage.row(waiting)).toMatchObject({ worker: null });
    expect([stage.state.slots.size, stage.clock.sleepers, stage.bell.listeners()]).toEqual([0, 0, 0]);
    await stage.running();
    expect(await stage.until(video, 'succeeded', 5_000)).toMatchObject({ tries: { begun: 2, faults: 0, lost: 0 } });
  });

  it('takes no new work', async () => {
    const stage = createStage();
    stage.backend.usually = { do: 'hang' };
    const worker = await stage.running();
    await stage.submit();
    await stage.clock.until('call', () => stage.backend.running === 1);
    const stopping = worker.stop(10_000);
    const late = await stage.submit();
    await stopping;
    expect(await stage.row(late)).toMatchObject({ attempt: null, worker: null });
    expect(stage.backend.calls).toHaveLength(1);
    expect(stage.state.slots.size).toBe(0);
  });

  it('keeps an operation at a peer, and the successor resumes it without asking again', async () => {
    const stage = createStage({ remote: true, capabilities: { billed: true } });
    stage.backend.usually = { do: 'operation', ms: 60_000 };
    const worker = await stage.running();
    const video = await stage.submit();
    await stage.clock.until('operation', () => stage.backend.operations === 1);
    await worker.stop(0);
    expect(await stage.row(video)).toMatchObject({
      status: 'running',
      attempt: { state: 'open', operation: { handle: 1 } },
    });
    expect(stage.state.slots.size).toBe(1);
    await stage.running();
    await stage.until(video, 'succeeded');
    expect(stage.backend.operations).toBe(1);
    expect(stage.backend.calls.map((call) => call.ask.operation)).toEqual([null, { handle: 1 }]);
    expect(stage.backend.calls.map((call) => call.ask.attempt)).toEqual([`${video.id}.1`, `${video.id}.1`]);
  });

  it('never asks a billed peer again that was being asked at that moment', async () => {
    const stage = createStage({ remote: true, capabilities: { billed: true } });
    stage.backend.usually = { do: 'fail', fault: new Error('never comes'), ms: 1e9 };
    const worker = await stage.running();
    const video = await stage.submit();
    await stage.clock.until('call', () => stage.backend.running === 1);
    await worker.stop(0);
    await stage.running();
    await stage.clock.advance(60_000);
    expect(await stage.row(video)).toMatchObject({ status: 'failed', failure: { code: 'submission_unknown' } });
    expect(stage.backend.calls).toHaveLength(1);
  });
});

describe('a lost worker', () => {
  it('is followed by another after its term, and its late write is refused', async () => {
    const stage = createStage({ slots: 2 });
    const first = await stage.running();
    stage.backend.script.push({ do: 'succeed', ms: 15_000 });
    const video = await stage.submit();
    await stage.clock.until('call', () => stage.backend.running === 1);
    first.freeze();
    stage.backend.script.push({ do: 'succeed', ms: 60_000 });
    await stage.running();
    await stage.clock.advance(WORKER_TERM_MS - 5_000);
    expect(stage.backend.calls).toHaveLength(1);
    await stage.clock.advance(10_000);
    const taken = await stage.row(video);
    expect(taken).toMatchObject({ status: 'running', attempt: { number: 2 }, tries: { begun: 2, lost: 1, faults: 0 } });
    // The first worker wakes up and wants to tell that it is done.
    first.thaw();
    await stage.clock.advance(5_000);
    expect(stage.meter.counted('inbetween_stale_writes_total')).toBeGreaterThan(0);
    expect((await stage.row(video)).worker).toBe(taken.worker);
    const done = await stage.until(video, 'succeeded');
    expect(done.result?.video.key).toBe(`videos/${video.id}/2/video.mp4`);
    expect(stage.events(video).filter((event) => event === 'video.succeeded')).toHaveLength(1);
    expect(stage.backend.running).toBe(0);
    expect(stage.files.size).toBe(0);
  });

  it('is survived in the middle of admission', async () => {
    const stage = createStage();
    const first = await stage.running();
    stage.fetcher.pages.set('https://example.com/a.png', 'silence');
    const video = await stage.submit({ images: ['https://example.com/a.png', 'sample_last'] });
    await stage.clock.advance(1_000);
    first.freeze();
    await stage.running();
    const { pages } = stage.fetcher;
    pages.set('https://example.com/a.png', pngHeader());
    const done = await stage.until(video, 'succeeded', 60_000);
    expect(done.tries).toEqual({ begun: 1, faults: 0, lost: 1 });
  });

  it('leaves its operation to the successor, and nothing is paid twice', async () => {
    const stage = createStage({ remote: true, capabilities: { billed: true } });
    stage.backend.usually = { do: 'operation', ms: 50_000 };
    const first = await stage.running();
    const video = await stage.submit();
    await stage.clock.until('operation', () => stage.backend.operations === 1);
    await stage.clock.settle();
    first.freeze();
    await stage.running();
    await stage.until(video, 'succeeded', 200_000);
    expect(stage.backend.operations).toBe(1);
    expect((await stage.row(video)).tries).toEqual({ begun: 1, faults: 0, lost: 1 });
  });

  it('ends the video when a billed peer may have accepted and cannot tell', async () => {
    const stage = createStage({ remote: true, capabilities: { billed: true } });
    stage.backend.usually = { do: 'fail', fault: new Error('never comes'), ms: 1e9 };
    const first = await stage.running();
    const video = await stage.submit();
    await stage.clock.until('call', () => stage.backend.running === 1);
    first.freeze();
    await stage.running();
    const failed = await stage.until(video, 'failed', 60_000);
    expect(failed.failure?.code).toBe('submission_unknown');
    expect(stage.backend.calls).toHaveLength(1);
    expect(stage.state.slots.size).toBe(0);
  });

  it('twenty-one times over ends the video, and each wait is bounded', async () => {
    const stage = createStage();
    stage.backend.usually = { do: 'hang' };
    const video = await stage.submit();
    let workers = 0;
    while ((await stage.row(video)).status !== 'failed') {
      expect(workers).toBeLessThan(40);
      const worker = await stage.running({ sweeps: false });
      workers += 1;
      const held = async () =>
        (await stage.row(video)).worker === worker.id || (await stage.row(video)).status === 'failed';
      await stage.clock.until('held or given up', held, 200_000);
      await stage.clock.settle();
      worker.freeze();
    }
    expect(await stage.row(video)).toMatchObject({ failure: { code: 'worker_lost' }, tries: { lost: 21, faults: 0 } });
    expect(stage.state.slots.size).toBe(0);
  });

  it('loses nothing when a server starts again on its own data folder', async () => {
    const stage = createStage();
    const first = await stage.running();
    stage.backend.script.push({ do: 'hang' });
    const video = await stage.submit();
    await stage.clock.until('call', () => stage.backend.running === 1);
    first.freeze();
    await stage.store.workers.removeAll();
    await stage.running();
    await stage.until(video, 'succeeded', 5_000);
  });
});

describe('a store whose answers are lost', () => {
  it('a claimed video that the worker did not hear of is claimed again and made', async () => {
    const stage = createStage();
    await stage.running();
    await stage.clock.settle();
    stage.deaf.set('claim', 1);
    const video = await stage.submit();
    expect(await stage.until(video, 'succeeded', 30_000)).toMatchObject({ tries: { begun: 1, faults: 0, lost: 1 } });
  });

  it('a write that was done is known again, and the work goes on', async () => {
    const stage = createStage();
    stage.deaf.set('swap', 3);
    await stage.running();
    const video = await stage.submit();
    expect(await stage.until(video, 'succeeded', 30_000)).toMatchObject({ tries: { begun: 1, faults: 0, lost: 0 } });
    expect(stage.events(video).filter((type) => type !== 'video.progress')).toEqual([
      'video.pending',
      'video.queued',
      'video.running',
      'video.succeeded',
    ]);
  });

  it('a video whose last write could not be done for long is taken up again by the same worker', async () => {
    const stage = createStage();
    await stage.running();
    stage.backend.usually = { do: 'succeed', ms: 1_000 };
    const video = await stage.submit();
    await stage.clock.until('call', () => stage.backend.running === 1);
    stage.failing.set('swap', new Error('the database is away'));
    await stage.clock.advance(90_000);
    expect(await stage.row(video)).toMatchObject({ status: 'running', worker: expect.anything() });
    stage.failing.delete('swap');
    expect(await stage.until(video, 'succeeded', 30_000)).toMatchObject({ tries: { begun: 2, faults: 0 } });
  });
});

describe('our own storage that does not answer', () => {
  it('costs a video nothing but time', async () => {
    const stage = createStage();
    const away = new Fault('storage_unavailable', 'The file storage does not answer at the moment.', {
      retryAfterMs: 2_000,
    });
    stage.preparer.fault = away;
    await stage.running();
    const video = await stage.submit();
    await stage.clock.advance(60_000);
    expect(await stage.row(video)).toMatchObject({ status: 'pending', tries: { faults: 0 } });
    stage.preparer.fault = undefined;
    await stage.until(video, 'succeeded', 10_000);
  });
});

/** A connection that breaks after the work was done: the store did it, and nobody heard. */
describe('a lost answer of the store', () => {
  it('to a write is recognised, and the work goes on', async () => {
    const stage = createStage();
    const { swap } = stage.store.videos;
    const unheard = new Set(['queued', 'running', 'succeeded']);
    stage.store.videos.swap = async (previous, next, effects) => {
      const written = await swap(previous, next, effects);
      if (unheard.delete(next.status)) throw new Error('ECONNRESET');
      return written;
    };
    await stage.running();
    const video = await stage.submit();
    const done = await stage.until(video, 'succeeded', 20_000);
    expect(done.tries).toEqual({ begun: 1, faults: 0, lost: 0 });
    await stage.clock.advance(2_000);
    expect(unheard.size).toBe(0);
    expect(stage.meter.counted('inbetween_stale_writes_total')).toBe(0);
    expect(stage.meter.counted('inbetween_videos_finished_total', 'status=succeeded')).toBe(1);
  });

  it.each(['admit', 'generate'] as const)('to a claim of lane %s costs seconds, not the deadline', async (lane) => {
    const stage = createStage({ slots: 1 });
    const { claim } = stage.store.videos;
    let unheard = 1;
    stage.store.videos.claim = async (wish) => {
      const claimed = await claim(wish);
      if (wish.lane !== lane || claimed.length === 0 || unheard === 0) return claimed;
      unheard -= 1;
      throw new Error('ECONNRESET');
    };
    await stage.running();
    const video = await stage.submit();
    const done = await stage.until(video, 'succeeded', 15_000);
    expect([unheard, done.tries.begun]).toEqual([0, 1]);
    expect(stage.state.slots.size).toBe(0);
  });

  it('to an insert leaves the large pictures where the repeated ask finds them', async () => {
    const stage = createStage();
    const { insert } = stage.store.videos;
    stage.store.videos.insert = async (video, effects) => {
      stage.store.videos.insert = insert;
      await insert(video, effects);
      throw new Error('ECONNRESET');
    };
    const large = pngHeader(1280, 720, 300 * 1024);
    const ask = { images: [large, large], idempotencyKey: 'once' };
    await expect(stage.submit(ask)).rejects.toThrow('ECONNRESET');
    const video = await stage.submit(ask);
    await stage.running();
    await stage.until(video, 'succeeded');
  });
});

describe('a store that fails for a minute', () => {
  it('costs a video its attempt, not its deadline', async () => {
    const stage = createStage({ slots: 1 });
    stage.backend.script.push({ do: 'succeed', ms: 3_000 });
    await stage.running();
    const video = await stage.submit();
    await stage.clock.until('call', () => stage.backend.running === 1);
    stage.failing.set('swap', new Error('ECONNREFUSED'));
    stage.failing.set('find', new Error('ECONNREFUSED'));
    await stage.clock.advance(60_000);
    stage.failing.clear();
    await stage.until(video, 'succeeded', 20_000);
    expect(stage.state.slots.size).toBe(0);
  });
});
