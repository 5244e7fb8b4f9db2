import { experimental_generateVideo, experimental_getVideoStatus, experimental_startVideo } from 'ai';
import { describe, expect, it } from 'vitest';
import { createInbetween } from './index.ts';

const PNG = Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 1, 2, 3]);
const MP4 = Uint8Array.from([0, 0, 0, 8, 0x66, 0x74, 0x79, 0x70]);

interface Seen {
  readonly method: string;
  readonly path: string;
  readonly key: string | null;
  readonly body: unknown;
}

/** A server of which each answer is known; statuses are told one after the other. */
function server(statuses: readonly string[], create: () => Response = () => Response.json(video('pending'))) {
  const seen: Seen[] = [];
  const left = [...statuses];
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const { pathname } = new URL(String(input));
    const key = new Headers(init?.headers).get('idempotency-key');
    seen.push({ method: init?.method ?? 'GET', path: pathname, key, body: init?.body });
    if (init?.method === 'POST') return create();
    if (pathname.endsWith('/content')) return new Response(MP4, { headers: { 'content-type': 'video/mp4' } });
    return Response.json(video(left.shift() ?? 'succeeded'));
  };
  const provider = createInbetween({ baseURL: 'http://127.0.0.1:8787', apiKey: 'k', fetch });
  return { seen, model: provider.video('wan2.2-kf2v-flash') };
}

function video(status: string) {
  const warnings = [{ code: 'last_frame_cropped', message: 'Some of the last frame was cut away.' }];
  const error = status === 'failed' ? { code: 'timeout', message: 'It took too long.' } : null;
  const metadata = { url: null, backend: 'renderer', fps: 30, frames: 150, duration: 5, warnings };
  return { id: 'video_1', object: 'video', status, progress: 0, width: 1280, height: 720, seed: 7, error, metadata };
}

const FRAMES = [
  { image: PNG, frameType: 'first_frame' as const },
  { image: 'https://example.com/last.png', frameType: 'last_frame' as const },
];
const QUICK = { poll: { intervalMs: 1 } };

describe('generateVideo of the installed AI SDK', () => {
  it('sends both frames, waits, and gives the bytes', async () => {
    const { seen, model } = server(['queued', 'running', 'succeeded']);
    const {
      video: file,
      warnings,
      providerMetadata,
    } = await experimental_generateVideo({
      model,
      prompt: 'the cat looks up',
      frameImages: FRAMES,
      resolution: '1280x720',
      seed: 7,
      duration: 8,
      aspectRatio: '16:9',
      fps: 24,
      providerOptions: { inbetween: { watermark: true, promptExtend: false, negativePrompt: 'blur' } },
      ...QUICK,
    });
    expect(file.uint8Array).toEqual(MP4);
    expect(file.mediaType).toBe('video/mp4');
    const form = seen[0]?.body as FormData;
    const [first, last] = form.getAll('images[]');
    expect(new Uint8Array(await (first as Blob).arrayBuffer())).toEqual(PNG);
    expect(last).toBe('https://example.com/last.png');
    const text = (name: string) => form.get(name);
    expect(['model', 'prompt', 'size', 'seed', 'watermark', 'prompt_extend', 'negative_prompt'].map(text)).toEqual([
      'wan2.2-kf2v-flash',
      'the cat looks up',
      '720P',
      '7',
      'true',
      'false',
      'blur',
    ]);
    expect(
      warnings.map((warning) => ('feature' in warning ? warning.feature : 'message' in warning && warning.message)),
    ).toEqual(['duration', 'fps', 'aspectRatio', 'Some of the last frame was cut away.']);
    expect(providerMetadata['inbetween']).toMatchObject({ id: 'video_1', seed: 7, width: 1280 });
    expect(seen.map(({ path }) => path)).toEqual([
      '/v1/videos',
      '/v1/videos/video_1',
      '/v1/videos/video_1',
      '/v1/videos/video_1',
      '/v1/videos/video_1/content',
    ]);
  });

  it('tries again with the same key what may pass', async () => {
    let tries = 0;
    const { seen, model } = server(['succeeded'], () => {
      tries += 1;
      return tries === 1 ? new Response('busy', { status: 503 }) : Response.json(video('pending'));
    });
    await experimental_generateVideo({ model, prompt: 'x', frameImages: FRAMES, maxRetries: 1, ...QUICK });
    const keys = seen.filter(({ method }) => method === 'POST').map(({ key }) => key);
    expect(keys).toHaveLength(2);
    expect(keys[0]).toMatch(/./);
    expect(keys[1]).toBe(keys[0]);
  });

  it('does not try again what is refused, and says why', async () => {
    const refusal = { error: { message: 'images[0] is no picture.', code: 'invalid_image', param: 'images[0]' } };
    const { seen, model } = server([], () => Response.json(refusal, { status: 400 }));
    const made = experimental_generateVideo({ model, prompt: 'x', frameImages: FRAMES, ...QUICK });
    await expect(made).rejects.toThrow('images[0] is no picture.');
    expect(seen).toHaveLength(1);
  });

  it('fails as the video does', async () => {
    const { model } = server(['running', 'failed']);
    const made = experimental_generateVideo({ model, prompt: 'x', frameImages: FRAMES, ...QUICK });
    await expect(made).rejects.toThrow(/timeout: It took too long\./);
  });

  it('refuses one frame before it asks, and takes prompt.image for the first', async () => {
    const { seen, model } = server(['succeeded']);
    const alone = experimental_generateVideo({ model, prompt: 'x', frameImages: [FRAMES[1] as never], ...QUICK });
    await expect(alone).rejects.toThrow(/no first_frame/);
    expect(seen).toEqual([]);
    await experimental_generateVideo({
      model,
      prompt: { image: PNG, text: 'x' },
      frameImages: [FRAMES[1] as never],
      ...QUICK,
    });
    const form = seen[0]?.body;
    expect(form instanceof FormData ? form.getAll('images[]') : []).toHaveLength(2);
  });
});

describe('startVideo and getVideoStatus', () => {
  it('can be far apart: the operation is plain JSON', async () => {
    const { model } = server(['running', 'succeeded']);
    const { operation } = await experimental_startVideo({ model, prompt: 'x', frameImages: FRAMES });
    const kept = JSON.parse(JSON.stringify(operation)) as typeof operation;
    expect(await experimental_getVideoStatus(model, { operation: kept })).toMatchObject({ status: 'pending' });
    expect(await experimental_getVideoStatus(model, { operation: kept })).toMatchObject({ status: 'completed' });
  });
});
