import { describe, expect, it } from 'vitest';
import { pngHeader } from '../../../../test/support/pictures.ts';
import { createStage } from '../../../../test/support/stage.ts';
import { unreachable } from '../../../../test/support/world.ts';
import { Fault } from '../domain/fault.ts';

const FIRST = 'https://example.com/first.png';
const LAST = 'https://example.com/last.png?sig=1';

async function opened() {
  const stage = createStage();
  await stage.running();
  return stage;
}

describe('admission', () => {
  it('fetches both frames, prepares them once and tells that it is fetching', async () => {
    const { fetcher, submit, until, preparer, events } = await opened();
    fetcher.pages.set(FIRST, pngHeader(1280, 720)).set(LAST, pngHeader(1920, 1080));
    const video = await submit({ images: [FIRST, LAST] });
    const done = await until(video, 'succeeded');
    expect(fetcher.fetched.toSorted()).toEqual([FIRST, LAST]);
    expect([preparer.prepared, preparer.open]).toEqual([1, 0]);
    expect(done.prepared).toMatchObject({ width: 1280, height: 720, first: { type: 'image/png' } });
    expect(events(video).slice(0, 3)).toEqual(['video.pending', 'video.progress', 'video.queued']);
  });

  it('takes what is shipped with the server', async () => {
    const { submit, until } = await opened();
    await until(await submit({ images: ['sample_first', 'sample_last'] }), 'succeeded');
  });

  it('tries an address again that does not answer', async () => {
    const { fetcher, submit, until, clock, row, log } = await opened();
    fetcher.pages.set(LAST, pngHeader());
    const video = await submit({ images: [FIRST, LAST] });
    await clock.advance(1_000);
    expect(await row(video)).toMatchObject({ status: 'pending', phase: null, tries: { faults: 1 } });
    fetcher.pages.set(FIRST, pngHeader());
    const done = await until(video, 'succeeded');
    expect(done.tries).toMatchObject({ begun: 1, faults: 0 });
    expect(log.of('warn')).toHaveLength(1);
  });

  it('gives up after three tries and names the item', async () => {
    const { fetcher, submit, until, clock } = await opened();
    fetcher.pages.set(FIRST, pngHeader());
    const startedAt = clock.now();
    const video = await submit({ images: [FIRST, LAST] });
    const done = await until(video, 'failed');
    expect(done.failure).toEqual({ code: 'image_unreachable', message: `images[1]: ${unreachable().message}` });
    expect(fetcher.fetched.filter((url) => url === LAST)).toHaveLength(3);
    expect(clock.now() - startedAt).toBeLessThan(10_000);
    expect(JSON.stringify(done)).not.toContain('sig=1');
  });

  it.each([
    ['a page that is no picture', Buffer.from('<html>not here</html>'.repeat(10)), 'invalid_image'],
    ['a picture that is too small', pngHeader(100, 100), 'invalid_image'],
    ['an address that is not allowed', new Fault('url_not_allowed', 'The address is not public.'), 'url_not_allowed'],
    ['too many bytes', new Fault('image_too_large', 'Too large.'), 'image_too_large'],
  ])('fails at once for %s', async (_, page, code) => {
    const { fetcher, submit, until } = await opened();
    fetcher.pages.set(FIRST, page).set(LAST, pngHeader());
    const done = await until(await submit({ images: [FIRST, LAST] }), 'failed', 1_000);
    expect(done.failure?.code).toBe(code);
    expect(done.failure?.message).toMatch(/^images\[0\]/);
    expect(done).toMatchObject({ prepared: null, attempt: null, tries: { begun: 0 } });
  });

  it('keeps no posted picture of a video that failed', async () => {
    const { preparer, submit, until, state } = await opened();
    preparer.fault = new Fault('invalid_image', 'images[0]: the PNG is damaged.', { param: 'images[0]' });
    const video = await submit();
    expect(state.inputs.get(video.id)?.size).toBe(2);
    await until(video, 'failed');
    expect(state.inputs.size).toBe(0);
  });

  it('keeps posted pictures for the next try', async () => {
    const { preparer, submit, until, clock, row, state } = await opened();
    preparer.fault = new Fault('internal_error', 'The media child crashed.');
    const video = await submit();
    await clock.advance(500);
    expect((await row(video)).tries.faults).toBe(1);
    expect(state.inputs.get(video.id)?.size).toBe(2);
    preparer.fault = undefined;
    await until(video, 'succeeded');
    expect(state.inputs.size).toBe(0);
  });

  it('warns of crops, enlarging and identical frames', async () => {
    const { submit, until } = await opened();
    const codes = async (images: readonly Uint8Array[]) =>
      (await until(await submit({ images }), 'succeeded')).warnings.map(({ code }) => code);
    expect(await codes([pngHeader(1280, 720), pngHeader(1280, 720, 64, 1)])).toEqual([]);
    expect(await codes([pngHeader(1280, 720), pngHeader(1280, 720)])).toEqual(['identical_frames']);
    expect(await codes([pngHeader(2560, 1440), pngHeader(2000, 2000)])).toEqual(['last_frame_cropped']);
    expect(await codes([pngHeader(640, 360), pngHeader(640, 360, 64, 1)])).toEqual(['upscaled']);
  });

  it('is over after its deadline although the address never answers', async () => {
    const stage = createStage();
    await stage.running();
    await stage.clock.advance(stage.policy.pendingDeadlineMs);
    stage.fetcher.pages.set(FIRST, 'silence');
    const video = await stage.submit({ images: [FIRST, 'sample_last'] });
    const startedAt = stage.clock.now();
    const done = await stage.until(video, 'failed', 200_000);
    expect(['image_unreachable', 'timeout']).toContain(done.failure?.code);
    expect(stage.clock.now() - startedAt).toBeLessThanOrEqual(stage.policy.pendingDeadlineMs + 6_000);
  });
});
