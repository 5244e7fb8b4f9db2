import { describe, expect, it } from 'vitest';
import { CALLER, createStage, OTHER, type StageOptions } from '../../../../test/support/stage.ts';
import { Fault } from '../domain/fault.ts';
import type { OwnerId } from '../domain/id.ts';
import { DEFAULT_POLICY } from '../domain/policy.ts';
import { readWhole } from '../ports/artifacts.ts';
import { createOperations } from './operations.ts';

const SECOND = 1_000;

async function opened(options: StageOptions = {}) {
  const stage = createStage(options);
  const operations = createOperations(stage);
  await stage.running();
  return { ...stage, operations };
}

describe('requeue', () => {
  it('takes a live video from its worker, and another goes on', async () => {
    const { operations, backend, submit, clock, until, row } = await opened();
    backend.script.push({ do: 'hang' });
    const video = await submit();
    await clock.until('call', () => backend.running === 1);
    expect(await operations.requeue(video.id, {})).toMatchObject({ how: 'given_back', video: { id: video.id } });
    const done = await until(video, 'succeeded', 5 * SECOND);
    expect(done.tries).toEqual({ begun: 2, faults: 0, lost: 0 });
    expect(backend.calls[0]).toMatchObject({ aborted: true, released: true });
    expect((await row(video)).attempt?.number).toBe(2);
  });

  it('keeps an operation at a peer: it is resumed, not paid again', async () => {
    const { operations, backend, submit, clock, until } = await opened({
      remote: true,
      capabilities: { billed: true },
    });
    backend.script.push({ do: 'operation', ms: 20 * SECOND });
    const video = await submit();
    await clock.until('operation', () => backend.operations === 1);
    await clock.settle();
    expect(await operations.requeue(video.id, {})).toMatchObject({ how: 'given_back' });
    const done = await until(video, 'succeeded', 40 * SECOND);
    expect([backend.operations, done.attempt?.number]).toEqual([1, 1]);
  });

  it('waits while the request is on its way to a peer', async () => {
    const { operations, backend, submit, clock } = await opened({ remote: true });
    backend.script.push({ do: 'operation', ms: SECOND, acceptMs: 5 * SECOND });
    const video = await submit();
    await clock.until('call', () => backend.running === 1);
    expect(await operations.requeue(video.id, {})).toEqual({
      problem: `${video.id} is just being sent to renderer. Try again in a moment.`,
    });
  });

  it('asks again, as another video with the same ask, for one that has failed', async () => {
    const { operations, backend, submit, until, row, videos, artifacts } = await opened();
    backend.script.push({ do: 'fail', fault: new Fault('content_rejected', 'No.') });
    const failed = await until(
      await submit({ generation: { model: 'wan2.2-kf2v-flash', prompt: 'p', seed: 5, tags: { a: 'b' } } }),
      'failed',
    );
    const answer = await operations.requeue(failed.id, { owner: CALLER.owner });
    if ('problem' in answer) throw new Error(answer.problem);
    expect(answer.how).toBe('asked_again');
    const done = await until(answer.video, 'succeeded');
    expect(done.id).not.toBe(failed.id);
    expect(done).toMatchObject({ owner: failed.owner, generation: failed.generation });
    expect(done.prepared).toMatchObject({ width: failed.prepared?.width, height: failed.prepared?.height });
    expect(await row(failed)).toEqual(failed);
    // The copies do not need the first one any more.
    await videos.delete(CALLER, failed.id);
    expect((await artifacts.keys(`videos/${done.id}/`)).length).toBeGreaterThan(0);
  });

  it('charges what is asked again like any other video', async () => {
    const prices = { currency: 'USD', perSecond: { 'wan2.2-kf2v-flash': { '720P': 20_000 } } };
    const { operations, backend, submit, until, state } = await opened({ prices });
    backend.script.push({ do: 'fail', fault: new Fault('content_rejected', 'No.') });
    const failed = await until(await submit(), 'failed');
    expect(failed.charge?.state).toBe('released');
    const answer = await operations.requeue(failed.id, {});
    if ('problem' in answer) throw new Error(answer.problem);
    expect((await until(answer.video, 'succeeded')).charge).toMatchObject({ microUnits: 100_000, state: 'settled' });
    expect(state.ledger.map(({ kind }) => kind)).toEqual(['reserve', 'release', 'reserve', 'release', 'settle']);
  });

  it('puts it before the others when it is told to', async () => {
    const { operations, backend, submit, clock, until } = await opened({ slots: 1 });
    backend.usually = { do: 'succeed', ms: 5 * SECOND };
    const all = [];
    for (let n = 0; n < 4; n += 1) all.push(await submit());
    await clock.advance(SECOND);
    const last = all[3];
    if (last === undefined) throw new Error('four were asked for');
    await operations.requeue(last.id, { priority: 10 });
    await until(last, 'succeeded', 12 * SECOND);
    expect(backend.calls.slice(0, 2).map((call) => call.ask.video)).toEqual([all[0]?.id, last.id]);
  });

  it('says in a sentence why not', async () => {
    const { operations, submit, until, videos, fetcher } = await opened();
    const done = await until(await submit(), 'succeeded');
    const problem = async (id: string, owner?: OwnerId) => {
      const answer = await operations.requeue(id, { owner });
      return 'problem' in answer ? answer.problem : 'none';
    };
    expect(await problem(done.id)).toContain('has succeeded');
    expect(await problem(done.id, OTHER.owner)).toBe(`${done.id} belongs to default, not to other.`);
    expect(await problem('nonsense')).toBe('There is no video nonsense.');
    fetcher.pages.set('https://example.com/a.png', new Fault('url_not_allowed', 'No.'));
    const unfetched = await until(await submit({ images: ['https://example.com/a.png', 'sample_last'] }), 'failed');
    expect(await problem(unfetched.id)).toContain('only its owner can ask again');
    await videos.delete(CALLER, done.id);
    expect(await problem(done.id)).toContain('There is no video');
  });
});

describe('looking', () => {
  it('lists the videos of an owner, the newest first, and shows any', async () => {
    const { operations, submit, until } = await opened();
    const first = await until(await submit(), 'succeeded');
    const second = await until(await submit(), 'succeeded');
    await submit({}, OTHER);
    const ids = async (...args: Parameters<typeof operations.list>) =>
      (await operations.list(...args)).map(({ id }) => id);
    expect(await ids(CALLER.owner, undefined, 9)).toEqual([second.id, first.id]);
    expect(await ids(CALLER.owner, 'succeeded', 1)).toEqual([second.id]);
    expect(await ids(CALLER.owner, 'failed', 9)).toEqual([]);
    expect((await operations.show(first.id))?.id).toBe(first.id);
    expect(await operations.show('nonsense')).toBeUndefined();
  });
});

describe('backends', () => {
  it('are paused, drained and resumed by name, and others are refused', async () => {
    const { operations, store, clock } = await opened();
    expect(await operations.setBackend('renderer', 'paused')).toEqual({
      problem: 'There is no backend "renderer"; none was ever started here.',
    });
    await store.backends.seen(['renderer'], clock.now());
    expect(await operations.setBackend('renderer', 'paused')).toMatchObject({ name: 'renderer', state: 'paused' });
    expect(await operations.setBackend('rendrer', 'open')).toEqual({
      problem: 'There is no backend "rendrer"; there are renderer.',
    });
    expect(await operations.backends()).toMatchObject([{ name: 'renderer', state: 'paused' }]);
  });
});

describe('file', () => {
  const read = async (answer: Awaited<ReturnType<ReturnType<typeof createOperations>['file']>>) =>
    'problem' in answer ? answer.problem : { late: answer.late, bytes: (await readWhole(answer.opened)).length };

  it('is the result, and nothing once it has gone', async () => {
    const { operations, submit, until, artifacts } = await opened();
    const video = await submit();
    expect(await read(await operations.file(video.id))).toBe(`${video.id} is pending and has no file.`);
    const done = await until(video, 'succeeded', 5 * SECOND);
    expect(await read(await operations.file(video.id))).toEqual({ late: false, bytes: done.result?.video.bytes });
    await artifacts.remove(done.result?.video.key ?? '');
    expect(await read(await operations.file(video.id))).toBe(`The file of ${video.id} is missing from storage.`);
    expect(await read(await operations.file('video_nothing'))).toBe('There is no video video_nothing.');
  });

  it('is what was paid for and came too late', async () => {
    const policy = { ...DEFAULT_POLICY, runningDeadlineMs: { '*': 60 * SECOND } };
    const { operations, backend, submit, until, clock, row } = await opened({
      remote: true,
      capabilities: { billed: true },
      policy,
    });
    backend.script.push({ do: 'operation', ms: 200 * SECOND });
    const video = await submit();
    await until(video, 'failed', 120 * SECOND);
    expect(await read(await operations.file(video.id))).toBe(`${video.id} is failed and has no file.`);
    await clock.advance(200 * SECOND);
    const { late } = await row(video);
    expect(await read(await operations.file(video.id))).toEqual({ late: true, bytes: late?.video.bytes });
  });
});
