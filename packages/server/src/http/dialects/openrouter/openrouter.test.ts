import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FAULTS, Fault, type FaultCode } from '../../../domain/fault.ts';
import { bearer, testApp } from '../../app.fixture.ts';
import { anyVideo } from '../any-video.fixture.ts';
import { goldenFiles, replay } from '../golden.fixture.ts';
import { openrouterVideo } from './schema.ts';
import { OPENROUTER_ERRORS, readCreate, showVideo } from './translate.ts';

const frame = (url: string, frame_type: string) => ({ type: 'image_url', image_url: { url }, frame_type });
const ASK = { model: 'wan2.2-kf2v-flash', frame_images: [frame('a', 'first_frame'), frame('b', 'last_frame')] };

describe('golden files', () => {
  it.each(goldenFiles(join(import.meta.dirname, 'golden')))('%s', async (_name, golden) => {
    await using test = await testApp();
    await replay(test, golden);
  });
});

describe('in the words of OpenRouter', () => {
  it('every video that can come about is one that the schema accepts', () => {
    const addresses = { polling: () => '/a', content: () => 'http://127.0.0.1/a', signed: () => 'http://127.0.0.1/b' };
    fc.assert(
      fc.property(anyVideo(), (video) => {
        const shown = openrouterVideo.strict().parse(JSON.parse(JSON.stringify(showVideo(video, addresses))));
        expect(shown.status === 'completed').toBe(shown.unsigned_urls !== undefined);
      }),
    );
  });

  it('every fault has its status as its code', () => {
    for (const code of Object.keys(FAULTS) as FaultCode[]) {
      const { status } = OPENROUTER_ERRORS.of(code);
      const body = OPENROUTER_ERRORS.body(new Fault(code, 'words', { param: 'images[1]' }), 'r');
      expect(status).toBeGreaterThanOrEqual(400);
      OPENROUTER_ERRORS.schema.parse(body);
      const metadata = { code, param: 'frame_images last_frame' };
      expect(body).toEqual({ error: { code: status, message: 'words', metadata } });
    }
  });

  it.each([
    [{ resolution: '480p' }, '480p', undefined],
    [{ size: '720x1280' }, '720P', { width: 720, height: 1280 }],
    [{ resolution: '1080p', size: '720x1280' }, '1080p', { width: 720, height: 1280 }],
    [{}, undefined, undefined],
  ])('%j is read as %s', (changes, size, wished) => {
    expect(readCreate({ ...ASK, ...changes }, {}).generation).toMatchObject({ size, wished });
  });

  it('takes the frames in any order, other model names as configured, and names what it does not know', () => {
    const [first, last] = ASK.frame_images;
    const read = readCreate(
      { ...ASK, model: 'alibaba/wan', frame_images: [last, first], aspect_ratio: '16:9' },
      { 'alibaba/wan': 'wan2.2-kf2v-flash' },
    );
    expect(read.images).toEqual(['a', 'b']);
    expect(read.generation.model).toBe('wan2.2-kf2v-flash');
    expect(read.unknownFields).toEqual(['aspect_ratio']);
  });

  it.each([
    [{ frame_images: [frame('a', 'last_frame')] }, 'frame_images', /first_frame is missing/],
    [{ frame_images: [...ASK.frame_images, frame('c', 'last_frame')] }, 'frame_images', /2 of them are last_frame/],
    [
      { frame_images: [frame('a', 'middle_frame')] },
      'frame_images[0][frame_type]',
      /must be first_frame or last_frame/,
    ],
    [{ resolution: '4K' }, 'resolution', /^resolution: .*480P, 720P, 1080P/],
    [{ duration: 8 }, 'duration', /^duration must be 5/],
    [{ seed: -1 }, 'seed', /^seed/],
    [{ generate_audio: true }, 'generate_audio', /silent/],
    [{ callback_url: 'https://example.com' }, 'callback_url', /webhook_endpoints/],
    [{ model: 'alibaba/wan' }, 'model', /there is no model/],
  ])('refuses %j by its name', async (changes, param, words) => {
    await using test = await testApp();
    const answer = await test.app.inject({
      method: 'POST',
      url: '/openrouter/api/v1/videos',
      headers: bearer(test.alice),
      payload: {
        ...ASK,
        frame_images: [frame('sample_first', 'first_frame'), frame('sample_last', 'last_frame')],
        ...changes,
      },
    });
    expect(answer.statusCode).toBe(400);
    expect(answer.json()).toMatchObject({
      error: { code: 400, message: expect.stringMatching(words), metadata: { param } },
    });
  });

  it('tells a failure as a text, and a cancelled and an expired video by their words', async () => {
    await using test = await testApp();
    const create = async () => {
      const payload = {
        ...ASK,
        frame_images: [frame('sample_first', 'first_frame'), frame('sample_last', 'last_frame')],
      };
      const url = '/openrouter/api/v1/videos';
      const made = await test.app.inject({ method: 'POST', url, headers: bearer(test.alice), payload });
      expect(made.statusCode).toBe(202);
      return made.json<{ id: string; polling_url: string }>();
    };
    const look = async (url: string) => (await test.app.inject({ url, headers: bearer(test.alice) })).json();
    const failed = await create();
    await test.worker.fail(failed.id);
    expect(await look(failed.polling_url)).toMatchObject({ status: 'failed', error: expect.stringMatching(/./) });
    const cancelled = await create();
    await test.parts.videos.cancel({ owner: 'alice' as never, apiKey: null, scopes: [] }, cancelled.id);
    expect(await look(cancelled.polling_url)).toEqual({ ...cancelled, status: 'cancelled' });
  });

  it('has one file', async () => {
    await using test = await testApp();
    const url = '/openrouter/api/v1/videos/video_1/content?index=1';
    const answer = await test.app.inject({ url, headers: bearer(test.alice) });
    expect(answer.json()).toMatchObject({ error: { code: 400, message: 'index must be 0: there is one file.' } });
  });
});
