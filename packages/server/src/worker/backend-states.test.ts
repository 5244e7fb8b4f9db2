import { describe, expect, it } from 'vitest';
import { createFakeClock } from '../../../../test/support/clock.ts';
import { createCountingMeter, createFakeBell, createQuietLog } from '../../../../test/support/fakes.ts';
import { createStage, type StageOptions } from '../../../../test/support/stage.ts';
import { createMemoryStore } from '../adapters/stores/memory/store.ts';
import { DEFAULT_POLICY } from '../domain/policy.ts';
import { begin } from '../domain/transitions.ts';
import { createBackendStates } from './backend-states.ts';

const MINUTE = 60_000;

function opened(names: readonly string[]) {
  const clock = createFakeClock();
  const bell = createFakeBell();
  const log = createQuietLog();
  const { backends: store } = createMemoryStore();
  const states = createBackendStates({ store, names, clock, bell, log, meter: createCountingMeter() });
  return { clock, bell, log, store, states };
}

describe('states of backends', () => {
  it('are known before anything begins, and heard of within seconds', async () => {
    const { clock, store, states, bell } = opened(['renderer']);
    await store.set('renderer', 'paused', 1);
    expect(states.stateOf('renderer')).toBe('open');
    await states.start();
    expect(states.stateOf('renderer')).toBe('paused');
    expect(states.stateOf('dashscope')).toBe('open');
    let rung = 0;
    bell.listen('generate', () => (rung += 1));
    await store.set('renderer', 'open', 2);
    await clock.advance(2_000);
    expect([states.stateOf('renderer'), rung]).toEqual(['open', 1]);
    await states.stop(0);
    expect([clock.sleepers, bell.listeners()]).toEqual([0, 1]);
  });

  it('say now and then which backends this process has', async () => {
    const { clock, store, states } = opened(['renderer', 'comfyui']);
    await states.start();
    const seen = async () => (await store.list()).map(({ name, seenAt }) => [name, clock.now() - seenAt]);
    await clock.advance(29_000);
    expect(await seen()).toEqual([
      ['comfyui', 29_000],
      ['renderer', 29_000],
    ]);
    await clock.advance(2_000);
    for (const [, age] of await seen()) expect(age).toBeLessThan(2_000);
    await states.stop(0);
  });

  it('stay as they were while the store does not answer', async () => {
    const { clock, store, states } = opened(['renderer']);
    await store.set('renderer', 'draining', 1);
    await states.start();
    const { list } = store;
    store.list = () => Promise.reject(new Error('away'));
    await clock.advance(MINUTE);
    expect(states.stateOf('renderer')).toBe('draining');
    store.list = list;
    await store.set('renderer', 'open', 2);
    await clock.advance(4_000);
    expect(states.stateOf('renderer')).toBe('open');
    await states.stop(0);
  });
});

describe('a backend that is configured nowhere any more', () => {
  /** A queued video of a backend that this server does not have. */
  async function stranded(options: StageOptions = {}) {
    const stage = createStage(options);
    const video = await stage.submit();
    await stage.clock.advance(1_000);
    const row = await stage.row(video);
    await stage.store.videos.swap(row, { ...row, backend: 'gone' }, {});
    return { ...stage, video };
  }

  it('fails its videos with words, at once', async () => {
    const { video, running, until, events, state } = await stranded();
    await running();
    const failed = await until(video, 'failed', MINUTE);
    expect(failed).toMatchObject({ failure: { code: 'backend_unavailable' }, attempt: null });
    expect(failed.failure?.message).toContain('no longer configured');
    expect(events(video).at(-1)).toBe('video.failed');
    expect(state.slots.size).toBe(0);
  });

  it('passes them on where another backend makes the model', async () => {
    const { video, running, until } = await stranded({ second: true });
    await running();
    expect(await until(video, 'succeeded', MINUTE)).toMatchObject({ backend: 'second', tries: { faults: 0 } });
  });

  it('keeps what it may have accepted from being made twice', async () => {
    const { video, running, until, row, store, clock, second } = await stranded({ second: true });
    const queued = await row(video);
    const artifact = { key: 'videos/x/frames/first.png', bytes: 1, sha256: '', type: 'image/png' };
    const prepared = { width: 1280, height: 720, first: artifact, last: artifact };
    const begun = begin({ ...queued, prepared }, clock.now(), DEFAULT_POLICY, true);
    await store.videos.swap(queued, { ...begun, backend: 'gone' }, {});
    await running();
    await until(video, 'failed', MINUTE);
    expect(second?.calls).toEqual([]);
  });

  it('is waited for while another process had it a moment ago', async () => {
    const { video, running, until, row, clock, store } = await stranded();
    await store.backends.seen(['gone'], clock.now());
    await running();
    await clock.advance(MINUTE);
    expect((await row(video)).status).toBe('queued');
    await until(video, 'failed', 2 * MINUTE);
  });

  it('is waited for while an operator has paused or drains it', async () => {
    const { video, running, until, row, clock, store } = await stranded();
    await store.backends.set('gone', 'draining', clock.now());
    await running();
    await clock.advance(10 * MINUTE);
    expect((await row(video)).status).toBe('queued');
    await store.backends.set('gone', 'open', clock.now());
    await until(video, 'failed', MINUTE);
  });
});
