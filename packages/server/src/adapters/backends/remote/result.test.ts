import { describe, expect, it } from 'vitest';
import { fault, openOnClock as opened } from '../../../../../../test/support/remote/on-clock.ts';
import { createScriptedPeer } from '../../../../../../test/support/remote/peer.ts';
import { askOf } from '../../../../../../test/support/remote/stage.ts';
import { Fault } from '../../../domain/fault.ts';
import { NoReply } from './remote-api.ts';

/** What becomes of a peer's result on its way home. */

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
