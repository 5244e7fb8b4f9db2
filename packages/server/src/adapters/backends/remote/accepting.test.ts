import { describe, expect, it } from 'vitest';
import { fault, openOnClock as opened } from '../../../../../../test/support/remote/on-clock.ts';
import { createScriptedPeer, full } from '../../../../../../test/support/remote/peer.ts';
import { askOf, openRemoteStage } from '../../../../../../test/support/remote/stage.ts';
import { Fault } from '../../../domain/fault.ts';
import type { BackendEvent } from '../../../ports/backend.ts';

/** How an operation gets accepted, and where: sent once, whatever a peer or its pool does. */

describe('getting an operation accepted', () => {
  it('asks again what was refused or not reached, and gives the video back in the end', async () => {
    const peer = createScriptedPeer();
    peer.starts.push(
      { noReply: 'before' },
      { refuse: new Fault('backend_unavailable', 'Status 503.') },
      { refuse: full(3_000) },
      'accept',
    );
    const stage = await opened(peer);
    expect((await stage.run(askOf('video_a.1'))).error).toBeUndefined();
    peer.starts.push(...Array.from({ length: 50 }, () => ({ refuse: full(4_000) })));
    const before = peer.calls.length;
    const { error } = await stage.run(askOf('video_b.1'));
    expect(error).toEqual(fault('backend_unavailable', { retryAfterMs: 4_000 }));
    // Every 4 s for 30 s.
    expect(peer.calls.length - before).toBeLessThanOrEqual(8);
    await stage.close();
  });

  it('throws a refusal that has to do with the ask at once', async () => {
    const peer = createScriptedPeer();
    peer.starts.push({ refuse: new Fault('content_rejected', 'Not this picture.') });
    const stage = await opened(peer);
    expect((await stage.run(askOf('video_a.1'))).error).toEqual(fault('content_rejected'));
    expect(peer.calls).toEqual(['start']);
    await stage.close();
  });

  it('never sends again what a billed peer may have accepted', async () => {
    const peer = createScriptedPeer({ traits: { billed: true } });
    peer.starts.push('accept-silently');
    const stage = await opened(peer);
    expect((await stage.run(askOf('video_a.1'))).error).toEqual(fault('backend_unavailable', { attemptGoesOn: true }));
    expect(peer.calls).toEqual(['start']);
    expect(stage.backend.lookUp).toBeUndefined();
    await stage.close();
  });

  it('finds what was accepted silently where the peer knows our attempts', async () => {
    const peer = createScriptedPeer({ traits: { billed: true }, lookup: true });
    peer.starts.push('accept-silently');
    const stage = await opened(peer);
    const { events, error } = await stage.run(askOf('video_a.1'));
    expect(error).toBeUndefined();
    expect(events[0]).toMatchObject({ type: 'operation-started', operation: { peer: { handle: 1 } } });
    expect(peer.calls.filter((call) => call === 'start')).toHaveLength(1);
    await stage.close();
  });

  it('sends again only after the peer denied twice that it has it', async () => {
    const peer = createScriptedPeer({ traits: { billed: true }, lookup: true });
    peer.starts.push({ noReply: 'after' }, 'accept');
    const stage = await opened(peer);
    expect((await stage.run(askOf('video_a.1'))).error).toBeUndefined();
    expect(peer.calls.slice(0, 4)).toEqual(['start', 'lookup', 'lookup', 'start']);
    peer.starts.push({ noReply: 'after' });
    peer.lookups = 'fails';
    expect((await stage.run(askOf('video_b.1'))).error).toEqual(fault('backend_unavailable', { attemptGoesOn: true }));
    await stage.close();
  });

  it('finds at any place what a lost worker sent', async () => {
    const [a, b] = [createScriptedPeer({ lookup: true }), createScriptedPeer({ lookup: true })];
    a.starts.push({ noReply: 'before' });
    const stage = await opened([a, b]);
    await stage.run(askOf('video_a.1'));
    const { lookUp } = stage.backend;
    const never = new AbortController().signal;
    const look = async (attempt: string) => {
      const found = lookUp?.call(stage.backend, attempt, never);
      // Awaited after time has passed; a rejection until then is not unhandled.
      found?.catch(() => undefined);
      await stage.clock.advance(60_000);
      return found;
    };
    expect(await look('video_a.1')).toMatchObject({ instance: 'place-2', peer: { handle: 1 } });
    expect(await look('video_b.1')).toBeUndefined();
    a.lookups = 'fails';
    await expect(look('video_b.1')).rejects.toEqual(fault('backend_unavailable'));
    await stage.close();
  });

  it('tells what is accepted while it is cancelled', async () => {
    const peer = createScriptedPeer();
    const accepting = Promise.withResolvers<void>();
    const start = peer.start.bind(peer);
    const sent = Promise.withResolvers<void>();
    peer.start = async (ask, signal) => {
      sent.resolve();
      await accepting.promise;
      return start(ask, signal);
    };
    const stage = await openRemoteStage(peer);
    const abort = new AbortController();
    const told: BackendEvent[] = [];
    const running = (async () => {
      for await (const event of stage.backend.generate(askOf('video_a.1'), abort.signal)) told.push(event);
    })();
    const ended = expect(running).rejects.toThrow('cancelled');
    await sent.promise;
    abort.abort(new Error('cancelled'));
    accepting.resolve();
    await ended;
    expect(told.map(({ type }) => type)).toEqual(['operation-started']);
    expect(peer.calls).toEqual(['start']);
    await stage.close();
  });
});

describe('a pool', () => {
  it('goes to another place only after a definite refusal', async () => {
    const [a, b] = [createScriptedPeer(), createScriptedPeer()];
    a.starts.push({ noReply: 'before' });
    const stage = await opened([a, b]);
    const { events } = await stage.run(askOf('video_a.1'));
    expect(events[0]).toMatchObject({ operation: { instance: 'place-2' } });
    expect([a.accepted.size, b.accepted.size]).toEqual([0, 1]);
    await stage.close();
  });

  it('lets a place rest that failed three times, and says so', async () => {
    const [a, b] = [createScriptedPeer(), createScriptedPeer()];
    a.starts.push(...Array.from({ length: 9 }, () => ({ noReply: 'before' }) as const));
    const stage = await opened([a, b]);
    for (const name of ['a', 'b', 'c', 'd']) await stage.run(askOf(`video_${name}.1`));
    expect(a.calls).toHaveLength(3);
    expect(stage.backend.capabilities).toMatchObject({ ready: true });
    await stage.close();
  });

  it('resumes at the place that accepted, or not at all', async () => {
    const [a, b] = [createScriptedPeer(), createScriptedPeer()];
    const stage = await opened([a, b]);
    const { events } = await stage.run(askOf('video_a.1'));
    const [started] = events;
    if (started?.type !== 'operation-started') throw new Error('an operation is told first');
    const gone = { ...(started.operation as object), instance: 'place-9' };
    const { error } = await stage.run({ ...askOf('video_a.1'), operation: gone });
    expect(error).toEqual(fault('backend_misconfigured'));
    expect(b.calls).toEqual([]);
    await stage.close();
  });

  it('sends nothing new to a place that drains, and follows what it has', async () => {
    const { opaque } = await import('./instances.ts');
    const peer = createScriptedPeer();
    const instances = [{ name: 'old', slots: 1, draining: true, api: opaque(peer) }];
    const stage = await opened(peer, { instances });
    expect(stage.backend.capabilities).toMatchObject({ ready: false });
    expect((await stage.run(askOf('video_a.1'))).error).toEqual(fault('backend_unavailable'));
    const operation = { instance: 'old', attempt: 'video_b.1', startedAt: stage.clock.now(), peer: { handle: 4 } };
    const { events } = await stage.run({ ...askOf('video_b.1'), operation });
    expect(events.at(-1)?.type).toBe('finished');
    await stage.close();
  });
});
