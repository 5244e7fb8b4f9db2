import { describe, expect, it } from 'vitest';
import { createFakeClock } from '../../../../../../test/support/clock.ts';
import {
  createScriptedPeer,
  DONE,
  full,
  type ScriptedPeer,
  working,
} from '../../../../../../test/support/remote/peer.ts';
import { askOf, openRemoteStage } from '../../../../../../test/support/remote/stage.ts';
import { Fault } from '../../../domain/fault.ts';
import { backendContract } from '../../../ports/backend.contract.ts';
import type { Backend, BackendEvent, GenerateAsk } from '../../../ports/backend.ts';
import { nameAttempt } from './pinned.ts';
import { NoReply } from './remote-api.ts';
import type { RemoteBackendOptions } from './remote-backend.ts';

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

/** A backend on a clock that the test moves. */
async function opened(peers: ScriptedPeer | readonly ScriptedPeer[], options: Partial<RemoteBackendOptions> = {}) {
  const clock = createFakeClock();
  const rhythm = { everyMs: 5_000, failingMs: 60_000, acceptMs: 30_000 };
  const stage = await openRemoteStage(peers, { clock, rhythm, ...options });
  return { ...stage, clock, run: (ask: GenerateAsk) => run(stage.backend, ask, clock) };
}

/** Runs one attempt to its end while time passes. */
async function run(
  backend: Backend,
  ask: GenerateAsk,
  clock: ReturnType<typeof createFakeClock>,
  limitMs = 10_000_000,
) {
  const events: BackendEvent[] = [];
  const abort = new AbortController();
  let outcome: { readonly error: unknown } | 'finished' | undefined;
  const running = (async () => {
    for await (const event of backend.generate(ask, abort.signal)) events.push(event);
  })().then(
    () => (outcome = 'finished'),
    (error: unknown) => (outcome = { error }),
  );
  const startedAt = clock.now();
  // Files are really written, which takes real time that the fake clock knows nothing of.
  while (outcome === undefined && clock.now() - startedAt < limitMs) {
    await clock.advance(1_000);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  if (outcome === undefined) abort.abort(new Error('the test gave up'));
  await running;
  const error = typeof outcome === 'object' ? outcome.error : undefined;
  return { events, error, ms: clock.now() - startedAt };
}

const fault = (code: string, more = {}) => expect.objectContaining({ name: 'Fault', code, ...more });

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

describe('bringing the result home', () => {
  it('downloads again what broke off or is damaged, and starts nothing anew', async () => {
    const peer = createScriptedPeer({ traits: { billed: true } });
    peer.fetches.push(new NoReply('broken off', true), new Fault('backend_unavailable', '503'), Buffer.alloc(0));
    const stage = await opened(peer);
    const { error, events } = await stage.run(askOf('video_a.1'));
    expect(error).toBeUndefined();
    expect(events.at(-1)).toMatchObject({
      type: 'finished',
      spritesheet: { path: expect.stringMatching(/spritesheet\.webp$/) },
      report: { frame_check: { verdict: 'respected' } },
    });
    expect(peer.calls.filter((call) => call.startsWith('fetch'))).toHaveLength(4);
    await stage.close();
  });

  it('gives up a damaged file after three downloads', async () => {
    const peer = createScriptedPeer({ traits: { billed: true } });
    const stage = await opened(peer);
    stage.finisher.fault = new Fault('damaged_output', 'The file is damaged.');
    const { error } = await stage.run(askOf('video_a.1'));
    expect(error).toEqual(fault('damaged_output', { retryable: false }));
    expect(peer.calls.filter((call) => call.startsWith('fetch'))).toHaveLength(3);
    await stage.close();
  });

  it.each(['storage_unavailable', 'storage_full'] as const)(
    'that our own storage says %s is no fault of a paid result: the attempt goes on',
    async (code) => {
      const stage = await opened(createScriptedPeer({ traits: { billed: true } }));
      const away = async function* (): AsyncGenerator<Uint8Array> {
        yield new Uint8Array(8);
        throw new Fault(code, 'Our storage is away.');
      };
      const operation = {
        instance: 'place-1',
        attempt: 'video_a.1',
        startedAt: stage.clock.now(),
        peer: { handle: 4 },
      };
      const frames = { first: { stream: away() }, last: { stream: away() } };
      const { error } = await stage.run({ ...askOf('video_a.1'), frames, operation });
      expect(error).toEqual(fault(code, { attemptGoesOn: true, retryable: true }));
      await stage.close();
    },
  );

  it('warns of an ignored last frame, and fails for it only where that is wanted and unpaid', async () => {
    for (const [billed, onIgnoredFrame, fails] of [
      [true, 'fail', false],
      [false, 'warn', false],
      [false, 'fail', true],
    ] as const) {
      const stage = await opened(createScriptedPeer({ traits: { billed } }), { onIgnoredFrame });
      stage.finisher.verdict = 'last_frame_ignored';
      const { error, events } = await stage.run(askOf('video_a.1'));
      if (fails) expect(error).toEqual(fault('last_frame_ignored'));
      else expect(events.at(-1)).toMatchObject({ warnings: [{ code: 'last_frame_ignored' }] });
      await stage.close();
    }
  });

  it('fetches nothing that nobody wants any more, and takes back what was handed over at every end', async () => {
    const peer = createScriptedPeer();
    const cleaned: number[] = [];
    let denied = false;
    peer.cleanUp = async ({ handle }) => {
      if (denied) throw new Error('EACCES');
      cleaned.push(handle);
    };
    const stage = await opened(peer);
    const started = (await stage.run(askOf('video_a.1'))).events[0];
    if (started?.type !== 'operation-started') throw new Error('an operation is told first');
    expect(cleaned).toEqual([1]);
    const fetches = () => peer.calls.filter((call) => call.startsWith('fetch')).length;
    const before = fetches();
    const { events, error } = await stage.run({
      ...askOf('video_a.1'),
      operation: started.operation,
      resultWanted: false,
    });
    expect([events, error, fetches() - before, cleaned]).toEqual([[], undefined, 0, [1, 1]]);
    peer.polls.push({ state: 'failed', fault: new Fault('backend_failed', 'No.') });
    await stage.run(askOf('video_b.1'));
    expect(cleaned).toEqual([1, 1, 2]);
    await stage.backend.stop?.(started.operation, new AbortController().signal);
    expect(cleaned).toEqual([1, 1, 2, 1]);
    // What cannot be removed fails nothing.
    denied = true;
    expect((await stage.run(askOf('video_c.1'))).error).toBeUndefined();
    await stage.close();
  });

  it('draws the watermark itself where the peer has none, and masks it where the peer has one', async () => {
    for (const watermarks of [false, true]) {
      const stage = await opened(createScriptedPeer({ traits: { watermarks } }));
      await stage.run(askOf('video_a.1', { watermark: true, prompt: '小猫' }));
      expect(stage.finisher.orders[0]).toMatchObject(
        watermarks ? { watermarkFor: undefined, watermarked: true } : { watermarkFor: '小猫', watermarked: false },
      );
      await stage.close();
    }
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
