import { describe, expect, it } from 'vitest';
import { CALLER, createStage, OTHER } from '../../../../test/support/stage.ts';

const SECOND = 1_000;

describe('a bounded queue', () => {
  it('refuses what would wait behind too many, and says when to come again', async () => {
    const stage = createStage({ queueLimit: 2 });
    await stage.submit();
    await stage.submit({}, OTHER);
    const refused = stage.submit();
    await expect(refused).rejects.toMatchObject({ code: 'queue_full', kind: 'too_many', retryAfterMs: 30_000 });
    await expect(refused).rejects.toThrow('The queue is full: 2 videos wait already.');
    expect(stage.state.videos.size).toBe(2);
  });

  it('counts what was accepted since it last looked', async () => {
    const { submit, state } = createStage({ queueLimit: 5 });
    const answers = await Promise.allSettled(Array.from({ length: 9 }, () => submit()));
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(state.videos.size);
    // All nine looked at once; from then on it is full.
    await expect(submit()).rejects.toMatchObject({ code: 'queue_full' });
  });

  it('has room again when attempts begin, and says so from measured times', async () => {
    const stage = createStage({ queueLimit: 1, slots: 1 });
    await stage.running();
    stage.backend.usually = { do: 'succeed', ms: 40 * SECOND };
    const first = await stage.submit();
    await stage.until(first, 'running');
    await stage.clock.advance(2 * SECOND);
    const second = await stage.submit();
    await stage.clock.advance(2 * SECOND);
    await expect(stage.submit()).rejects.toMatchObject({ retryAfterMs: 30_000 });
    await stage.until(second, 'running');
    await stage.clock.advance(2 * SECOND);
    await stage.submit();
    await stage.clock.advance(12 * SECOND);
    await expect(stage.submit()).rejects.toMatchObject({ code: 'queue_full', retryAfterMs: 40 * SECOND });
  });

  it('still answers an ask that was accepted before', async () => {
    const { submit, clock } = createStage({ queueLimit: 1 });
    const video = await submit({ idempotencyKey: 'once' });
    await clock.advance(5 * SECOND);
    expect((await submit({ idempotencyKey: 'once' })).id).toBe(video.id);
  });
});

describe('the place of a queued video', () => {
  it('tells how many go before it, and from measured times when it will be finished', async () => {
    const { backend, submit, running, until, videos, clock, row } = createStage({ slots: 2 });
    backend.usually = { do: 'succeed', ms: 60 * SECOND };
    await running();
    const made = [await submit(), await submit()];
    const waiting = await submit();
    await clock.advance(SECOND);
    expect(await videos.place(await row(waiting))).toEqual({ position: 0, endsAt: undefined });
    for (const video of made) await until(video, 'succeeded');
    for (let n = 0; n < 4; n += 1) await submit();
    await clock.advance(12 * SECOND);
    const last = await submit();
    await clock.advance(SECOND);
    const place = await videos.place(await row(last));
    // Three before it on two slots: a round and a half, then its own minute, told in steps of ten seconds.
    expect(place?.position).toBe(3);
    const inSeconds = ((place?.endsAt ?? 0) - clock.now()) / SECOND;
    expect(inSeconds).toBeGreaterThanOrEqual(150);
    expect(inSeconds).toBeLessThanOrEqual(160);
    expect((place?.endsAt ?? 1) % (10 * SECOND)).toBe(0);
    expect(await videos.place(await row(made[0] ?? last))).toBeUndefined();
  });

  it('tells no end while its backend is paused', async () => {
    const { backend, submit, running, until, videos, clock, row, states } = createStage({ slots: 1 });
    backend.usually = { do: 'succeed', ms: 6 * SECOND };
    await running();
    await until(await submit(), 'succeeded');
    states.set('renderer', 'paused');
    const video = await submit();
    await clock.advance(20 * SECOND);
    expect(await videos.place(await row(video))).toEqual({ position: 0, endsAt: undefined });
  });
});

describe('what an operator says of a backend', () => {
  it('paused: what runs goes on, and what is asked for waits', async () => {
    const { backend, submit, running, until, clock, row, states } = createStage({ slots: 2 });
    backend.usually = { do: 'succeed', ms: 9 * SECOND };
    await running();
    const before = await submit();
    await until(before, 'running');
    states.set('renderer', 'paused');
    const after = await submit();
    await until(before, 'succeeded');
    await clock.advance(60 * SECOND);
    expect((await row(after)).status).toBe('queued');
    states.set('renderer', 'open');
    await until(after, 'succeeded');
  });

  it('draining: what was accepted is made, and nothing new is accepted', async () => {
    const { submit, running, until, states, state } = createStage();
    const before = await submit();
    states.set('renderer', 'draining');
    await expect(submit()).rejects.toMatchObject({ code: 'backend_unavailable', kind: 'unavailable', param: 'model' });
    expect(state.videos.size).toBe(1);
    await running();
    await until(before, 'succeeded');
  });
});

describe('a simulation for a test of a client', () => {
  it('is refused unless the server plays along', async () => {
    const { submit, state } = createStage();
    await expect(submit({ simulate: 'stall' })).rejects.toMatchObject({
      code: 'invalid_request',
      param: 'X-Inbetween-Simulate',
    });
    expect(state.videos.size).toBe(0);
  });

  it.each(['', 'fail', 'fail=nonsense', 'slow=30', 'slow=9999s', 'explode'])('is refused as %j', async (simulate) => {
    const { submit } = createStage({ simulates: true });
    const refused = submit({ simulate });
    await expect(refused).rejects.toMatchObject({ code: 'invalid_request', param: 'X-Inbetween-Simulate' });
    await expect(refused).rejects.toThrow('Use slow=30s');
  });

  it('is refused where it might be paid for', async () => {
    const { submit } = createStage({ simulates: true, remote: true, capabilities: { billed: true } });
    await expect(submit({ simulate: 'slow=1s' })).rejects.toThrow('paid for');
  });

  it('fails at once with the code that was asked for', async () => {
    const { submit, running, until, backend } = createStage({ simulates: true });
    await running();
    for (const code of ['content_rejected', 'backend_failed'] as const) {
      const done = await until(await submit({ simulate: `fail=${code}` }), 'failed', 5 * SECOND);
      expect(done).toMatchObject({ failure: { code }, tries: { begun: 1 } });
    }
    expect(backend.calls).toHaveLength(0);
  });

  it('is slow, then real', async () => {
    const { submit, running, until, clock } = createStage({ simulates: true });
    await running();
    const video = await submit({ simulate: 'slow=30s' });
    const startedAt = clock.now();
    const done = await until(video, 'succeeded', 60 * SECOND);
    expect((done.completedAt ?? 0) - startedAt).toBeGreaterThanOrEqual(30 * SECOND);
  });

  it('stalls until a deadline or a cancel, with some progress', async () => {
    const { submit, running, until, clock, row, videos, state } = createStage({ simulates: true });
    await running();
    const video = await submit({ simulate: 'stall' });
    await clock.advance(5 * 60 * SECOND);
    expect(await row(video)).toMatchObject({ status: 'running', progress: 0.3 });
    await videos.cancel(CALLER, video.id);
    await clock.settle();
    expect(state.slots.size).toBe(0);
    const other = await submit({ simulate: 'stall' });
    expect((await until(other, 'failed', 20 * 60 * SECOND)).failure?.code).toBe('timeout');
  });

  it('under one key is compared like the rest of the ask', async () => {
    const { submit } = createStage({ simulates: true });
    await submit({ simulate: 'stall', idempotencyKey: 'k' });
    await submit({ simulate: 'stall', idempotencyKey: 'k' });
    await expect(submit({ idempotencyKey: 'k' })).rejects.toMatchObject({ code: 'idempotency_mismatch' });
  });
});
