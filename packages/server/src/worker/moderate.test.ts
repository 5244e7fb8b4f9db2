import { describe, expect, it } from 'vitest';
import { pngHeader } from '../../../../test/support/pictures.ts';
import { createStage } from '../../../../test/support/stage.ts';
import { Fault } from '../domain/fault.ts';
import { videoPrefix } from '../domain/video.ts';
import type { ModerationAsk, Moderator, Verdict } from '../ports/moderator.ts';

const YES: Verdict = { allowed: true };
const NO: Verdict = { allowed: false, param: 'images[1]', reason: 'a secret reason' };
const outage = () => new Fault('moderation_unavailable', 'The content check of this server gave no verdict.');

type Says = (ask: ModerationAsk, signal: AbortSignal) => Promise<Verdict>;

const silence: Says = (_ask, signal) =>
  new Promise((_done, fail) => signal.addEventListener('abort', () => fail(signal.reason)));

async function opened(says: Says, withoutVerdict: 'closed' | 'open' = 'closed') {
  const asks: ModerationAsk[] = [];
  const moderator: Moderator = {
    judge(ask, signal) {
      asks.push(ask);
      return says(ask, signal);
    },
  };
  const stage = createStage({ moderation: { moderator, withoutVerdict } });
  const worker = await stage.running();
  return { ...stage, asks, first: worker };
}

describe('a video that is allowed', () => {
  it('is judged once, by what it would be made of, before it is queued', async () => {
    const seen: string[] = [];
    const stage = await opened(async () => {
      seen.push(...(await stage.artifacts.keys()));
      return YES;
    });
    const video = await stage.submit({ images: [pngHeader(1280, 720), pngHeader(720, 720)] });
    await stage.until(video, 'succeeded');
    expect(stage.asks).toMatchObject([{ video: video.id, owner: 'default', prompt: 'a kitten looks up' }]);
    expect(stage.asks[0]?.frames.first).toEqual({ bytes: pngHeader(1280, 720) });
    expect(stage.events(video).slice(0, 2)).toEqual(['video.pending', 'video.queued']);
    // Nothing of it was stored before the verdict.
    expect(seen).toEqual([]);
    expect(stage.meter.counted('inbetween_moderations_total', 'outcome=allowed')).toBe(1);
  });

  it('is not judged again when its attempts fail or its worker is lost', async () => {
    const stage = await opened(async () => YES);
    stage.backend.script.push({ do: 'fail', fault: new Fault('backend_failed', 'It failed.') });
    const video = await stage.submit();
    await stage.until(video, 'succeeded');
    expect(stage.asks).toHaveLength(1);
  });

  it('is judged again only when the worker was lost before the verdict was written', async () => {
    const never = Promise.withResolvers<Verdict>();
    const answers = [never.promise, Promise.resolve(YES)];
    const stage = await opened(() => answers.shift() ?? Promise.reject(new Error('asked once too often')));
    const video = await stage.submit();
    await stage.clock.until('a first ask', () => stage.asks.length === 1);
    stage.first.freeze();
    await stage.running();
    await stage.until(video, 'succeeded', 200_000);
    // Under the same id, so that it can be known again.
    expect(stage.asks.map((ask) => ask.video)).toEqual([video.id, video.id]);
    never.resolve(NO);
    stage.first.thaw();
    await stage.clock.advance(5_000);
    expect((await stage.row(video)).status).toBe('succeeded');
  });
});

describe('a video that is refused', () => {
  it('fails at once with content_rejected, and nothing of it goes anywhere or stays', async () => {
    const stage = await opened(async () => NO);
    const video = await stage.submit();
    const done = await stage.until(video, 'failed', 1_000);
    expect(done.failure).toEqual({
      code: 'content_rejected',
      message: 'images[1] was rejected by the content check of this server.',
    });
    expect(done).toMatchObject({ prepared: null, sources: null, attempt: null, tries: { begun: 0 } });
    expect(stage.backend.calls).toEqual([]);
    expect(await stage.artifacts.keys(videoPrefix(video.id))).toEqual([]);
    expect(stage.state.inputs.size).toBe(0);
    expect(stage.preparer.open).toBe(0);
    expect(stage.asks).toHaveLength(1);
    // The operator reads why, the caller does not.
    expect(JSON.stringify(done)).not.toContain('a secret reason');
    expect(stage.log.of('info')).toContainEqual(
      expect.objectContaining({ facts: expect.objectContaining({ video: video.id, reason: 'a secret reason' }) }),
    );
    expect(stage.meter.counted('inbetween_moderations_total', 'outcome=rejected')).toBe(1);
  });

  it('is told without a field where none is blamed', async () => {
    const stage = await opened(async () => ({ allowed: false, param: undefined, reason: '' }));
    const done = await stage.until(await stage.submit(), 'failed');
    expect(done.failure?.message).toBe('The prompt or a frame was rejected by the content check of this server.');
  });

  it('is not judged when a frame is no picture', async () => {
    const stage = await opened(async () => YES);
    stage.preparer.fault = new Fault('invalid_image', 'images[0]: the PNG is damaged.', { param: 'images[0]' });
    await stage.until(await stage.submit(), 'failed');
    expect(stage.asks).toEqual([]);
  });
});

describe('without a verdict', () => {
  it('closed: is tried three times, then fails, and was sent nowhere', async () => {
    const stage = await opened(async () => {
      throw outage();
    });
    const video = await stage.submit();
    const done = await stage.until(video, 'failed');
    expect(done.failure?.code).toBe('moderation_unavailable');
    expect(stage.asks).toHaveLength(3);
    expect(stage.backend.calls).toEqual([]);
    expect(await stage.artifacts.keys(videoPrefix(video.id))).toEqual([]);
    expect(stage.meter.counted('inbetween_moderations_total', 'outcome=unavailable')).toBe(3);
  });

  it('closed: goes on when the check is back', async () => {
    const answers = [outage(), outage()];
    const stage = await opened(async () => {
      const fault = answers.shift();
      if (fault !== undefined) throw fault;
      return YES;
    });
    await stage.until(await stage.submit(), 'succeeded');
    expect(stage.asks).toHaveLength(3);
  });

  it('open: is admitted at once, and the log names it', async () => {
    const stage = await opened(async () => {
      throw outage();
    }, 'open');
    const video = await stage.submit();
    await stage.until(video, 'succeeded');
    expect(stage.asks).toHaveLength(1);
    expect(stage.log.of('warn')).toContainEqual(
      expect.objectContaining({
        message: 'a video was admitted without a verdict',
        facts: expect.objectContaining({ video: video.id }),
      }),
    );
  });

  it('open: still refuses what is judged', async () => {
    const stage = await opened(async () => NO, 'open');
    expect((await stage.until(await stage.submit(), 'failed')).failure?.code).toBe('content_rejected');
  });

  it.each(['closed', 'open'] as const)('%s: a bug in the check admits nothing', async (withoutVerdict) => {
    const stage = await opened(async () => {
      throw new TypeError('a bug');
    }, withoutVerdict);
    expect((await stage.until(await stage.submit(), 'failed')).failure?.code).toBe('internal_error');
    expect(stage.backend.calls).toEqual([]);
  });

  it('a check that never answers is over with the deadline', async () => {
    const stage = await opened(silence);
    const video = await stage.submit();
    const done = await stage.until(video, 'failed', 400_000);
    expect(done.failure?.code).toBe('timeout');
    expect(stage.backend.calls).toEqual([]);
  });

  it('cancelling does not wait for it', async () => {
    const stage = await opened(silence);
    const video = await stage.submit();
    await stage.clock.until('a first ask', () => stage.asks.length === 1);
    await stage.videos.cancel({ owner: video.owner, apiKey: null, scopes: ['videos:create'] }, video.id);
    expect((await stage.row(video)).status).toBe('cancelled');
  });
});
