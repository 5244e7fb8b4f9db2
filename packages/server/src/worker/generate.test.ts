import { describe, expect, it } from 'vitest';
import { CALLER, createStage, type StageOptions } from '../../../../test/support/stage.ts';
import { FACTS } from '../../../../test/support/world.ts';
import { Fault } from '../domain/fault.ts';
import type { VideoId } from '../domain/id.ts';

const broken = () => new Fault('backend_failed', 'The renderer broke.');

async function opened(options: StageOptions = {}) {
  const stage = createStage(options);
  const worker = await stage.running();
  return { ...stage, worker };
}

describe('a video', () => {
  it('goes from pending over queued and running to succeeded', async () => {
    const stage = createStage();
    const video = await stage.submit();
    expect(video).toMatchObject({ status: 'pending', progress: 0, version: 1 });
    await stage.running();
    const done = await stage.until(video, 'succeeded');
    expect(stage.events(video).filter((event) => event !== 'video.progress')).toEqual([
      'video.pending',
      'video.queued',
      'video.running',
      'video.succeeded',
    ]);
    expect(done).toMatchObject({
      progress: 1,
      worker: null,
      dueAt: null,
      deadlineAt: null,
      failure: null,
      tries: { begun: 1, faults: 0, lost: 0 },
      result: { facts: FACTS, report: { mode: 'scripted' }, actualPrompt: 'a kitten looks up, extended' },
    });
    expect(await stage.artifacts.keys()).toEqual([
      `videos/${video.id}/1/last_frame.png`,
      `videos/${video.id}/1/thumbnail.webp`,
      `videos/${video.id}/1/video.mp4`,
      `videos/${video.id}/frames/first.png`,
      `videos/${video.id}/frames/last.png`,
    ]);
    expect(stage.state.slots.size).toBe(0);
    expect(stage.state.inputs.size).toBe(0);
    expect([stage.preparer.open, stage.files.size, stage.bell.listeners()]).toEqual([0, 0, 4]);
    expect(stage.log.of('error')).toEqual([]);
  });

  it('is made with the prompt as it was written, once more, when a backend could not rewrite it', async () => {
    const stage = await opened();
    const { backend, submit } = stage;
    const failing = new Fault('backend_failed', 'No.', { retryable: false, promptFailed: true });
    backend.script.push({ do: 'fail', fault: failing });
    const done = await stage.until(await submit(), 'succeeded');
    expect(backend.calls.map(({ ask }) => ask.generation.promptExtend)).toEqual([true, false]);
    expect(done.generation.promptExtend).toBe(true);
    expect(done.warnings.filter(({ code }) => code === 'prompt_not_extended')).toHaveLength(1);
    backend.script.push({ do: 'fail', fault: failing }, { do: 'fail', fault: failing });
    expect((await stage.until(await submit(), 'failed')).failure?.code).toBe('backend_failed');
    expect(backend.calls).toHaveLength(4);
  });

  it('is given to the backend with its id, its attempt and both prepared frames', async () => {
    const { backend, submit, clock } = await opened();
    backend.usually = { do: 'hang' };
    const video = await submit();
    await clock.until('call', () => backend.calls.length === 1);
    const call = backend.calls[0];
    expect(call?.ask).toMatchObject({
      attempt: `${video.id}.1`,
      video: video.id,
      operation: null,
      prepared: { width: 1280, height: 720 },
      generation: { prompt: 'a kitten looks up' },
    });
    expect((await call?.firstFrame())?.length).toBeGreaterThan(0);
  });

  it('moves although every ring of the bell is lost', async () => {
    const { bell, submit, until } = await opened();
    bell.mute = true;
    await until(await submit(), 'succeeded', 10_000);
  });

  it('tells progress at most every two seconds, never falling', async () => {
    const { backend, submit, until, state, row } = await opened();
    backend.usually = { do: 'succeed', ms: 1_500 };
    const quick = await submit();
    await until(quick, 'succeeded');
    backend.usually = { do: 'succeed', ms: 30_000 };
    const slow = await submit();
    await until(slow, 'succeeded');
    const told = (id: VideoId) =>
      state.events.filter((event) => event.video === id && event.type === 'video.progress').length;
    // Once for `storing`, and for the slow one a few times on the way.
    expect(told(quick.id)).toBe(1);
    expect(told(slow.id)).toBe(4);
    expect((await row(slow)).progress).toBe(1);
  });

  it('writes nothing while there is nothing new to tell', async () => {
    const { backend, submit, clock, row } = await opened({ simulates: true });
    const video = await submit({ simulate: 'stall' });
    await clock.advance(20_000);
    const { version } = await row(video);
    await clock.advance(120_000);
    expect([(await row(video)).version, backend.calls.length]).toEqual([version, 0]);
  });

  it('waits while every slot of its backend is taken, the oldest first', async () => {
    const { backend, submit, row, clock, until } = await opened({ slots: 1 });
    backend.usually = { do: 'succeed', ms: 20_000 };
    const first = await submit();
    await clock.advance(100);
    const second = await submit();
    await clock.advance(100);
    const third = await submit();
    await clock.advance(10_000);
    expect(backend.running).toBe(1);
    expect([(await row(first)).status, (await row(second)).status]).toEqual(['running', 'queued']);
    await until(second, 'succeeded');
    expect((await row(third)).status).not.toBe('succeeded');
    await until(third, 'succeeded');
    expect(backend.calls.map((call) => call.ask.video)).toEqual([first.id, second.id, third.id]);
  });

  it('runs beside others as far as slots reach', async () => {
    const { backend, submit, clock } = await opened({ slots: 3 });
    backend.usually = { do: 'hang' };
    for (let count = 0; count < 5; count += 1) await submit();
    await clock.advance(10_000);
    expect(backend.running).toBe(3);
  });
});

describe('a fault of the backend', () => {
  it('is tried again, later each time, and the third ends the video', async () => {
    const { backend, submit, until, state, meter, artifacts } = await opened();
    backend.usually = { do: 'fail', fault: broken() };
    const video = await submit();
    const done = await until(video, 'failed');
    expect(done).toMatchObject({
      failure: { code: 'backend_failed', message: 'The renderer broke.' },
      tries: { begun: 3, faults: 3 },
    });
    const starts = backend.calls.map((call) => call.startedAt);
    expect(starts.map((at) => at - (starts[0] ?? 0))).toEqual([0, 2_000, 6_000]);
    expect(state.slots.size).toBe(0);
    expect(meter.counted('inbetween_attempt_faults_total', 'code=backend_failed')).toBe(3);
    expect(meter.counted('inbetween_videos_finished_total', 'code=backend_failed')).toBe(1);
    expect(await artifacts.keys(`videos/${video.id}/1`)).toEqual([]);
  });

  it('may pass: the next attempt has its own number and files', async () => {
    const { backend, submit, until } = await opened();
    backend.script.push({ do: 'fail', fault: broken() });
    const video = await submit();
    const done = await until(video, 'succeeded');
    expect(backend.calls.map((call) => call.ask.attempt)).toEqual([`${video.id}.1`, `${video.id}.2`]);
    expect(done.result?.video.key).toBe(`videos/${video.id}/2/video.mp4`);
    expect(done.progress).toBe(1);
  });

  it('frees the slot while the video waits for its next try', async () => {
    const { backend, submit, until, clock, row } = await opened({ slots: 1 });
    backend.script.push({ do: 'fail', fault: new Fault('backend_unavailable', 'x', { retryAfterMs: 60_000 }) });
    const waiting = await submit();
    await clock.advance(1_000);
    expect(await row(waiting)).toMatchObject({ status: 'running', phase: 'retrying', worker: null });
    await until(await submit(), 'succeeded', 5_000);
    expect((await row(waiting)).status).toBe('running');
    await until(waiting, 'succeeded', 70_000);
  });

  it.each(['content_rejected', 'submission_unknown'] as const)('%s is final at once', async (code) => {
    const { backend, submit, until } = await opened();
    backend.usually = { do: 'fail', fault: new Fault(code, 'No.') };
    const done = await until(await submit(), 'failed');
    expect(done).toMatchObject({ failure: { code, message: 'No.' }, tries: { begun: 1 } });
    expect(backend.calls).toHaveLength(1);
  });

  it('in the middle of the work keeps the progress that was told', async () => {
    const { backend, submit, until, clock, row } = await opened();
    backend.script.push({ do: 'crash', after: 4 });
    const video = await submit();
    await clock.advance(12_500);
    expect(await row(video)).toMatchObject({ status: 'running', phase: 'retrying', progress: 0.4 });
    await until(video, 'succeeded');
  });

  it('that is a bug shows nothing of itself', async () => {
    const { backend, submit, until, log } = await opened();
    backend.usually = { do: 'fail', fault: new Error('password=hunter2 at /home/secret') };
    const done = await until(await submit(), 'failed');
    expect(done.failure?.code).toBe('internal_error');
    expect(JSON.stringify(done)).not.toMatch(/hunter2|secret/);
    expect(log.of('warn').length).toBeGreaterThan(0);
  });

  it('may be that there is no video, or a damaged one', async () => {
    const { backend, submit, until, media } = await opened();
    backend.usually = { do: 'nothing' };
    expect((await until(await submit(), 'failed')).failure?.code).toBe('backend_failed');
    backend.usually = { do: 'succeed' };
    media.fault = new Fault('damaged_output', 'The file is damaged.');
    expect((await until(await submit(), 'failed')).failure?.code).toBe('damaged_output');
    expect(backend.calls.every((call) => call.released)).toBe(true);
  });
});

describe('cancel', () => {
  it('of a pending video ends it before its frames are fetched', async () => {
    const { fetcher, submit, videos, clock, row, events } = await opened();
    fetcher.pages.set('https://example.com/a.png', 'silence');
    const video = await submit({ images: ['https://example.com/a.png', 'sample_last'] });
    await clock.advance(1_000);
    expect(await row(video)).toMatchObject({ status: 'pending', phase: 'fetching' });
    expect(await videos.cancel(CALLER, video.id)).toMatchObject({ status: 'cancelled', sources: null });
    await clock.advance(60_000);
    expect((await row(video)).status).toBe('cancelled');
    expect(events(video).at(-1)).toBe('video.cancelled');
  });

  it('of a queued video means that no attempt begins', async () => {
    const { backend, submit, videos, clock, state } = await opened({ slots: 1 });
    backend.usually = { do: 'hang' };
    await submit();
    const video = await submit();
    await clock.advance(1_000);
    expect(await videos.cancel(CALLER, video.id)).toMatchObject({ status: 'cancelled', tries: { begun: 0 } });
    await clock.advance(60_000);
    expect(backend.calls).toHaveLength(1);
    expect(state.slots.size).toBe(1);
  });

  it('of a running video stops the backend and frees the slot at once', async () => {
    const { backend, submit, videos, clock, state, until, row } = await opened({ slots: 1 });
    backend.script.push({ do: 'hang' });
    const video = await submit();
    await clock.until('call', () => backend.running === 1);
    await videos.cancel(CALLER, video.id);
    expect(state.slots.size).toBe(0);
    await clock.settle();
    expect(backend.calls[0]).toMatchObject({ aborted: true, released: true });
    await until(await submit(), 'succeeded', 5_000);
    expect((await row(video)).status).toBe('cancelled');
  });

  it('is noticed within two seconds when the bell is lost', async () => {
    const { backend, submit, videos, clock, bell } = await opened();
    backend.usually = { do: 'hang' };
    const video = await submit();
    await clock.until('call', () => backend.running === 1);
    bell.mute = true;
    await videos.cancel(CALLER, video.id);
    await clock.advance(2_000);
    expect(backend.running).toBe(0);
  });

  it('of a video that waits for its next try', async () => {
    const { backend, submit, videos, clock, row } = await opened();
    backend.usually = { do: 'fail', fault: broken() };
    const video = await submit();
    await clock.advance(1_000);
    expect((await row(video)).phase).toBe('retrying');
    await videos.cancel(CALLER, video.id);
    await clock.advance(60_000);
    expect(backend.calls).toHaveLength(1);
  });

  it('leaves the slot taken while a peer that cannot stop goes on', async () => {
    const { backend, submit, videos, clock, state } = await opened({
      slots: 1,
      remote: true,
      capabilities: { cancel: 'ignores' },
    });
    backend.usually = { do: 'operation', ms: 1e9 };
    const video = await submit();
    await clock.until('operation', () => backend.operations === 1);
    await videos.cancel(CALLER, video.id);
    expect(state.slots.get(video.id)).toBeDefined();
  });

  it('of a finished video is refused, and a second cancel is the first', async () => {
    const { backend, submit, videos, until, clock, events } = await opened();
    const done = await submit();
    await until(done, 'succeeded');
    await expect(videos.cancel(CALLER, done.id)).rejects.toMatchObject({ code: 'already_finished' });
    backend.usually = { do: 'hang' };
    const video = await submit();
    await clock.advance(1_000);
    const once = await videos.cancel(CALLER, video.id);
    expect(await videos.cancel(CALLER, video.id)).toEqual(once);
    expect(events(video).filter((event) => event === 'video.cancelled')).toHaveLength(1);
  });
});

describe('a cancel that races with the end', () => {
  it('wins while the result is being stored, and what the backend handed out is released', async () => {
    const { backend, submit, videos, media, until, clock, files } = await opened();
    const video = await submit();
    media.onInspect = async () => void (await videos.cancel(CALLER, video.id));
    await until(video, 'cancelled');
    await clock.advance(10_000);
    expect(backend.calls).toEqual([expect.objectContaining({ released: true })]);
    expect([backend.running, files.size]).toEqual([0, 0]);
  });

  it('wins just before the result is stored, and what the backend handed out is released', async () => {
    const { backend, submit, videos, store, until, clock, files, failing } = await opened();
    const video = await submit();
    // The cancel is written in the very moment in which the worker wants to write `storing`.
    const swap = store.videos.swap;
    store.videos.swap = async (previous, next, effects) => {
      if (next.phase === 'storing') {
        store.videos.swap = swap;
        await videos.cancel(CALLER, video.id);
      }
      return swap(previous, next, effects);
    };
    await until(video, 'cancelled');
    await clock.advance(10_000);
    expect(failing.size).toBe(0);
    expect(backend.calls).toEqual([expect.objectContaining({ released: true })]);
    expect(files.size).toBe(0);
  });

  it('loses once the result is written', async () => {
    const { submit, videos, store, until } = await opened();
    const video = await submit();
    const answers: unknown[] = [];
    const swap = store.videos.swap;
    store.videos.swap = async (previous, next, effects) => {
      const written = await swap(previous, next, effects);
      if (next.status === 'succeeded')
        answers.push(await videos.cancel(CALLER, video.id).catch((error: unknown) => error));
      return written;
    };
    expect(await until(video, 'succeeded')).toMatchObject({ progress: 1 });
    expect(answers).toEqual([expect.objectContaining({ code: 'already_finished' })]);
  });
});

describe('delete', () => {
  it('of a running video stops the backend and leaves nothing', async () => {
    const { backend, submit, videos, clock, row, artifacts, state, events } = await opened();
    backend.usually = { do: 'hang' };
    const video = await submit({
      generation: { model: 'wan2.2-kf2v-flash', prompt: 'very private', tags: { who: 'private' } },
    });
    await clock.until('call', () => backend.running === 1);
    await videos.delete(CALLER, video.id);
    await clock.advance(5_000);
    expect(backend.running).toBe(0);
    expect(await artifacts.keys(`videos/${video.id}/`)).toEqual([]);
    await expect(videos.find(CALLER, video.id)).rejects.toMatchObject({ code: 'not_found' });
    await expect(videos.delete(CALLER, video.id)).rejects.toMatchObject({ code: 'not_found' });
    await expect(videos.cancel(CALLER, video.id)).rejects.toMatchObject({ code: 'not_found' });
    expect((await videos.list(CALLER, { limit: 10, order: 'desc' })).items).toEqual([]);
    expect(state.videos.has(video.id) ? JSON.stringify(await row(video)) : '').not.toContain('private');
    expect([state.slots.size, state.inputs.size]).toEqual([0, 0]);
    const told = state.videos.has(video.id) ? events(video) : ['video.deleted'];
    expect(told.at(-1)).toBe('video.deleted');
  });

  it('of a succeeded video takes its files along', async () => {
    const { submit, videos, until, artifacts } = await opened();
    const video = await submit();
    await until(video, 'succeeded');
    await videos.delete(CALLER, video.id);
    expect(await artifacts.keys()).toEqual([]);
    await expect(videos.content('signed', video.id, 'video')).rejects.toMatchObject({ code: 'not_found' });
  });
});
