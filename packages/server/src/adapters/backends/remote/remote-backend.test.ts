import { describe, expect, it } from 'vitest';
import { fault, openOnClock as opened } from '../../../../../../test/support/remote/on-clock.ts';
import { createScriptedPeer, DONE, working } from '../../../../../../test/support/remote/peer.ts';
import { askOf, openRemoteStage } from '../../../../../../test/support/remote/stage.ts';
import { Fault } from '../../../domain/fault.ts';
import { backendContract } from '../../../ports/backend.contract.ts';
import { nameAttempt } from './pinned.ts';
import { NoReply } from './remote-api.ts';

backendContract('remote', 'operations', async () => {
  const peer = createScriptedPeer();
  // A few looks, so that there is something to abort.
  peer.usually = working(0.5);
  const looks = new Map<number, number>();
  const poll = peer.poll.bind(peer);
  peer.poll = async (operation, signal) => {
    const count = (looks.get(operation.handle) ?? 0) + 1;
    looks.set(operation.handle, count);
    if (count > 4) return DONE;
    return poll(operation, signal);
  };
  const stage = await openRemoteStage(peer);
  const hopeless = new Set<string>();
  const start = peer.start.bind(peer);
  peer.start = async (ask, signal) => {
    if (hopeless.has(ask.attempt.id)) throw new Fault('content_rejected', 'Not this picture.');
    return start(ask, signal);
  };
  return {
    backend: stage.backend,
    ask: async (attempt) => askOf(attempt),
    hopelessAsk: async (attempt) => {
      hopeless.add(attempt);
      return askOf(attempt);
    },
    leftovers: stage.leftovers,
    accepted: () => peer.accepted.size,
    close: stage.close,
  };
});

describe('looking at an operation', () => {
  it('goes on through looks that fail and words nobody knows, and tells both', async () => {
    const peer = createScriptedPeer();
    peer.polls.push(
      working(0.2),
      ...Array.from({ length: 40 }, () => ({ fail: new NoReply('no answer', true) })),
      { fail: new Fault('backend_unavailable', 'Status 503.') },
      { state: 'working', phase: 'generating', unknownWord: 'marinating' },
      working(0.6),
      DONE,
    );
    const stage = await opened(peer);
    const { events, error } = await stage.run(askOf('video_a.1'));
    expect(error).toBeUndefined();
    expect(events.at(-1)?.type).toBe('finished');
    expect(peer.calls.filter((call) => call === 'start')).toHaveLength(1);
    expect(stage.meter.counted('inbetween_upstream_unknown_words_total', 'backend=remote')).toBe(1);
    await stage.close();
  });

  it('waits longer the more looks fail, a minute at most', async () => {
    const peer = createScriptedPeer();
    peer.polls.push(...Array.from({ length: 8 }, () => ({ fail: new NoReply('no answer', true) })), DONE);
    const stage = await opened(peer);
    const { ms } = await stage.run(askOf('video_a.1'));
    // 10 + 20 + 40 + 5 × 60 s
    expect(ms).toBeGreaterThanOrEqual(370_000);
    expect(ms).toBeLessThan(400_000);
    await stage.close();
  });

  it('does not believe that an operation is lost at the first denial', async () => {
    const peer = createScriptedPeer();
    peer.polls.push({ state: 'lost', why: '404' }, working(0.5), { state: 'lost', why: '404' }, DONE);
    const stage = await opened(peer);
    expect((await stage.run(askOf('video_a.1'))).error).toBeUndefined();
    peer.polls.push({ state: 'lost', why: '404' }, { state: 'lost', why: '404' });
    const { error } = await stage.run(askOf('video_b.1'));
    expect(error).toEqual(fault('backend_failed', { retryable: true }));
    await stage.close();
  });

  it('ends the operation with the fault of the peer, which a billed one never retries', async () => {
    for (const billed of [false, true]) {
      const peer = createScriptedPeer({ traits: { billed } });
      peer.polls.push({ state: 'failed', fault: new Fault('backend_failed', 'Out of memory.') });
      const stage = await opened(peer);
      const { error } = await stage.run(askOf('video_a.1'));
      expect(error).toEqual(fault('backend_failed', { retryable: !billed }));
      await stage.close();
    }
  });

  it('tells what is a sign of life, and what only an estimate', async () => {
    for (const tellsProgress of [true, false]) {
      const peer = createScriptedPeer({ traits: { tellsProgress } });
      peer.polls.push({ state: 'working', phase: 'upstream_queued' }, working(0), working(0.4), DONE);
      const stage = await opened(peer);
      const { events } = await stage.run(askOf('video_a.1'));
      const told = events.flatMap((event) => (event.type === 'progress' ? [[event.fraction, event.estimated]] : []));
      // Some gateways say 40 % from the first look to the last.
      expect(told).toEqual([
        [0, true],
        [0, !tellsProgress],
        [0.4, !tellsProgress],
      ]);
      await stage.close();
    }
  });
});

describe('listening to a peer that pushes', () => {
  it('looks at once when woken, and listens no longer than it follows', async () => {
    const peer = createScriptedPeer();
    const heard: { wake: () => void; signal: AbortSignal }[] = [];
    peer.watch = (_, wake, signal) => void heard.push({ wake, signal });
    peer.polls.push(working(0.2), working(0.4), DONE);
    const stage = await opened(peer, { rhythm: { everyMs: 600_000 } });
    const poll = peer.poll.bind(peer);
    peer.poll = async (operation, signal) => {
      const polled = await poll(operation, signal);
      // Told while the answer to a look is on its way: it counts for the next one.
      heard[0]?.wake();
      return polled;
    };
    const { error, ms } = await stage.run(askOf('video_a.1'));
    expect(error).toBeUndefined();
    expect(ms).toBeLessThan(60_000);
    expect(heard).toHaveLength(1);
    expect(heard[0]?.signal.aborted).toBe(true);
    await stage.close();
  });
});

describe('the prompt', () => {
  const writer = { extend: async (prompt: string) => `${prompt}, slowly` };

  it.each([
    ['by the peer', { extendsPrompt: true }, true, 'native', 'a kitten looks up'],
    ['by the writer', {}, true, 'chat', 'a kitten looks up, slowly'],
    ['by nobody when it is not wanted', {}, false, 'none', 'a kitten looks up'],
  ])('is extended %s, and the answer says so', async (_, traits, promptExtend, how, prompt) => {
    const peer = createScriptedPeer({ traits });
    const stage = await opened(peer, { promptWriter: writer });
    const { events } = await stage.run(askOf('video_a.1', { promptExtend }));
    expect(peer.asks[0]).toMatchObject({ prompt, extendPrompt: how === 'native' });
    expect(events.at(-1)).toMatchObject({ actualPrompt: prompt, report: { prompt_extend: how } });
    await stage.close();
  });

  it('that was rewritten is still known after a restart', async () => {
    const stage = await opened(createScriptedPeer(), { promptWriter: writer });
    const { events } = await stage.run(askOf('video_a.1', { promptExtend: true }));
    const [started] = events;
    if (started?.type !== 'operation-started') throw new Error('an operation is told first');
    const again = await stage.run({ ...askOf('video_a.1', { promptExtend: true }), operation: started.operation });
    expect(again.events.at(-1)).toMatchObject({
      actualPrompt: 'a kitten looks up, slowly',
      report: { prompt_extend: 'chat' },
    });
    await stage.close();
  });

  it('gets a negative one of ours only where the peer wants one and the caller gave none', async () => {
    for (const [negativePrompt, asked, sent] of [
      ['default', '', 'blurred'],
      ['default', 'cars', 'cars'],
      ['optional', '', ''],
    ] as const) {
      const peer = createScriptedPeer({ traits: { negativePrompt } });
      const stage = await opened(peer);
      await stage.run(askOf('video_a.1', { negativePrompt: asked }));
      expect(peer.asks[0]?.negativePrompt).toBe(sent);
      await stage.close();
    }
  });
});

it('gives an attempt a canonical UUID that is always the same', () => {
  const { uuid } = nameAttempt('video_a.1');
  expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(nameAttempt('video_a.1').uuid).toBe(uuid);
  expect(nameAttempt('video_a.2').uuid).not.toBe(uuid);
});
