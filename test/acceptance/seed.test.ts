import { readFile, writeFile } from 'node:fs/promises';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, type Api, MODEL, must, type ShownVideo, STATUSES, wholeFile } from '../support/api.ts';
import { judgeVideo } from '../support/mp4-judge.ts';
import { paint, paintPair, pixelsOf, psnr } from '../support/paintings.ts';
import { type PictureServer, servePictures } from '../support/picture-server.ts';
import {
  leftoversIn,
  makeScratch,
  runProgram,
  type Scratch,
  type ServerProcess,
  startServer,
} from '../support/server-process.ts';
import { until } from '../support/until.ts';

/** The API page this project implements, word for word, from the request to the file and everything around it. */

let scratch: Scratch;
let pictures: PictureServer;
let server: ServerProcess;
let api: Api;
let accepted: Answer;
let video: ShownVideo;
/** Asks for a picture that is not there; it is tried again a few times while the others are looked at. */
let hopeless: ShownVideo;

beforeAll(async () => {
  scratch = makeScratch();
  const [first] = await paintPair(1280, 720);
  // Taller than the first: it is to be cropped, not squeezed.
  const last = await paint(1280, 960, { pan: 0.06, zoom: 1.1 }).png().toBuffer();
  pictures = await servePictures({ 'first-frame.png': first, 'last-frame.png': last });
  server = await startServer(scratch);
  api = server.api;
  const request = {
    model: 'wan2.2-kf2v-flash',
    images: [`${pictures.url}/first-frame.png`, `${pictures.url}/last-frame.png`],
    prompt: 'Realistic style, a black kitten curiously looking at the sky, camera moving up from eye level to top-down',
    seconds: '5',
    size: '720P',
    prompt_extend: true,
  };
  accepted = await api.post(request);
  const images = ['sample_first', `${pictures.url}/missing.png`];
  hopeless = await api.create({ model: MODEL, images, size: '480P' });
});

afterAll(async () => {
  const end = await server?.stop();
  await pictures?.[Symbol.asyncDispose]();
  if (end !== undefined) {
    expect(end).toEqual({ code: 0, signal: null });
    expect(server.err().replace(/^SIGTERM: .*\n/m, '')).toBe('');
    await until('no process left', () => leftoversIn(scratch).length === 0);
  }
  await scratch?.[Symbol.asyncDispose]();
});

describe('the request of the API page', () => {
  it('is answered 200 with its fields, its types and nothing missing', () => {
    expect([accepted.status, accepted.text()]).toEqual([200, expect.any(String)]);
    expect(accepted.headers.get('content-type')).toMatch(/^application\/json/);
    const body = accepted.json();
    const { id, task_id, object, model, status, progress, created_at } = body;
    expect([object, model]).toEqual(['video', 'wan2.2-kf2v-flash']);
    expect(id).toMatch(/^[A-Za-z0-9_-]{1,200}$/);
    expect(task_id).toBe(id);
    expect(STATUSES).toContain(status);
    expect([Number.isInteger(progress), Number.isInteger(created_at)]).toEqual([true, true]);
    expect(Math.abs(Number(created_at) - Date.now() / 1000)).toBeLessThan(60);
    expect(accepted.headers.get('location')).toBe(`/v1/videos/${id}`);
    for (const name of ['seconds', 'size', 'width', 'height', 'seed', 'prompt', 'actual_prompt', 'completed_at'])
      expect(body, name).toHaveProperty(name);
    for (const name of ['expires_at', 'error', 'url', 'video_url', 'tags', 'metadata'])
      expect(body, name).toHaveProperty(name);
    expect(body).toMatchObject({ seconds: '5', size: '720P', error: null, url: null, completed_at: null });
  });

  it('leads through the words of the page to succeeded, never backwards', async () => {
    const { id } = accepted.json<ShownVideo>();
    const seen: ShownVideo[] = [];
    video = await api.wait(
      id,
      (now) => {
        seen.push(now);
        return now.status === 'succeeded';
      },
      90_000,
      100,
    );
    const ranks = seen.map(({ status }) => STATUSES.indexOf(status));
    expect(ranks).toEqual(ranks.toSorted((a, b) => a - b));
    const progress = seen.map((now) => now.progress);
    expect(progress).toEqual(progress.toSorted((a, b) => a - b));
    expect(seen.every((now) => (now.progress === 100) === (now.status === 'succeeded'))).toBe(true);
    expect(new Set(progress).size, 'progress is told in between').toBeGreaterThan(2);
    expect(video).toMatchObject({ width: 1280, height: 720, progress: 100, error: null });
    expect(video.completed_at).toBeGreaterThanOrEqual(Number(video['created_at']));
    expect(video.metadata.warnings.map(({ code }) => code)).toContain('last_frame_cropped');
    const asked = pictures.asked.filter((path) => path !== '/missing.png');
    expect(asked.toSorted()).toEqual(['/first-frame.png', '/last-frame.png']);
  });

  it('gives an MP4 that begins with the first frame and ends with the last', async () => {
    const verdict = await judgeVideo(api, video);
    console.log(`seed: ${verdict.bytes} bytes, ends ${verdict.firstDb.toFixed(1)} and ${verdict.lastDb.toFixed(1)} dB`);
  });
});

describe('the retrieved video', () => {
  it('has an ETag, and 304 while nothing changes', async () => {
    const answer = must(await api.call(`/v1/videos/${video.id}`));
    const etag = answer.headers.get('etag') ?? '';
    expect(etag).toMatch(/^"[^"]+"$/);
    expect(answer.headers.get('retry-after')).toBeNull();
    const again = await api.call(`/v1/videos/${video.id}`, { headers: { 'if-none-match': etag } });
    expect([again.status, again.bytes.length, again.headers.get('etag')]).toEqual([304, 0, etag]);
    const other = await api.call(`/v1/videos/${video.id}`, { headers: { 'if-none-match': '"other"' } });
    expect(other.status).toBe(200);
  });

  it('is in the list', async () => {
    const list = must(await api.call('/v1/videos?status=succeeded')).json<{ data: ShownVideo[] }>();
    expect(list).toMatchObject({ object: 'list', has_more: false, first_id: video.id, last_id: video.id });
    expect(list.data[0]).toMatchObject({ id: video.id, status: 'succeeded', url: video.url });
  });

  it('names one address of the file in all places where clients look', () => {
    expect(video.url).toMatch(new RegExp(`^${api.url}/v1/videos/${video.id}/content\\?`));
    expect([video['video_url'], video.metadata['url']]).toEqual([video.url, video.url]);
  });
});

describe('the file', () => {
  it('comes with what players and caches need', async () => {
    const answer = await api.content(video.id);
    const bytes = wholeFile(answer);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'video/mp4',
      'content-length': String(bytes.length),
      'accept-ranges': 'bytes',
      'content-disposition': `inline; filename="${video.id}.mp4"`,
      'x-content-type-options': 'nosniff',
    });
  });

  it('comes in parts that make the whole', async () => {
    const whole = wholeFile(await api.content(video.id));
    const size = whole.length;
    const middle = Math.floor(size / 2);
    const wishes = [
      [`bytes=0-${middle - 1}`, 0, middle - 1],
      [`bytes=${middle}-`, middle, size - 1],
      ['bytes=-100', size - 100, size - 1],
      ['bytes=0-0', 0, 0],
      [`bytes=${size - 1}-${size + 1000}`, size - 1, size - 1],
    ] as const;
    for (const [range, start, end] of wishes) {
      const part = await api.content(video.id, undefined, { range });
      expect([part.status, part.headers.get('content-range')], range).toEqual([206, `bytes ${start}-${end}/${size}`]);
      expect(part.bytes.equals(whole.subarray(start, end + 1)), range).toBe(true);
    }
    const outside = await api.content(video.id, undefined, { range: `bytes=${size}-` });
    expect([outside.status, outside.headers.get('content-range')]).toEqual([416, `bytes */${size}`]);
    expect(outside.headers.get('content-type')).toMatch(/^application\/json/);
    expect(outside.json()).toMatchObject({ error: { code: 'range_not_satisfiable', param: 'Range' } });
  });

  it('is held to its ETag by conditions', async () => {
    const etag = (await api.content(video.id)).headers.get('etag') ?? '';
    const cases = [
      [{ 'if-none-match': etag }, 304],
      [{ 'if-none-match': '"other"' }, 200],
      [{ range: 'bytes=0-9', 'if-range': etag }, 206],
      [{ range: 'bytes=0-9', 'if-range': '"other"' }, 200],
    ] as const;
    for (const [headers, status] of cases)
      expect((await api.content(video.id, undefined, headers)).status, JSON.stringify(headers)).toBe(status);
  });

  it('is told of by HEAD, without a body', async () => {
    const path = `/v1/videos/${video.id}/content`;
    const [head, whole] = [await api.call(path, { method: 'HEAD' }), await api.content(video.id)];
    expect([head.status, head.bytes.length]).toEqual([200, 0]);
    for (const name of ['content-type', 'content-length', 'etag', 'accept-ranges', 'last-modified'])
      expect(head.headers.get(name), name).toBe(whole.headers.get(name));
  });

  it('opens without a key at its signed address, and at no other', async () => {
    const url = new URL(video.url ?? '');
    const signed = await api.call(url.href, { key: null });
    expect(wholeFile(signed).equals(wholeFile(await api.content(video.id)))).toBe(true);
    const part = await api.call(url.href, { key: null, headers: { range: 'bytes=0-3' } });
    expect([part.status, part.bytes.length]).toEqual([206, 4]);
    expect((await api.call(url.href, { key: null, method: 'HEAD' })).status).toBe(200);

    const changed = (change: (url: URL) => void) => {
      const other = new URL(url);
      change(other);
      return other.href;
    };
    const sig = url.searchParams.get('sig') ?? '';
    const forged = {
      'another signature': changed(({ searchParams }) =>
        searchParams.set(
          'sig',
          sig.replace(/^./, (c) => (c === 'A' ? 'B' : 'A')),
        ),
      ),
      'a shorter signature': changed(({ searchParams }) => searchParams.set('sig', sig.slice(1))),
      'no signature text': changed(({ searchParams }) => searchParams.set('sig', '')),
      'two signatures': `${url.href}&sig=${sig}`,
      'a longer life': changed(({ searchParams }) => searchParams.set('exp', '9999999999')),
      'a life that is over': changed(({ searchParams }) => searchParams.set('exp', '1700000000')),
      'another secret': changed(({ searchParams }) => searchParams.set('kid', '2')),
      'another file': changed(({ searchParams }) => searchParams.set('variant', 'first_frame')),
      'another video': changed((other) => {
        other.pathname = other.pathname.replace(/.(?=\/content)/, (c) => (c === '0' ? '1' : '0'));
      }),
    };
    for (const [what, href] of Object.entries(forged)) {
      const answer = await api.call(href, { key: null });
      expect([answer.status, answer.json()], what).toMatchObject([403, { error: { code: 'invalid_signature' } }]);
    }
    const elsewhere = await api.call(url.href.replace('/content?', '?'), { key: null });
    expect(elsewhere.status, 'a signature opens the file and not the object').toBe(401);
    const wrongKey = await api.call(url.href, { key: 'a-wrong-key-of-length' });
    expect(wrongKey.status, 'a wrong key is not saved by a signature').toBe(401);
    expect((await api.call(`/v1/videos/${video.id}/content`, { key: null })).status).toBe(401);
  });
});

describe('the stills', () => {
  it('has a thumbnail of the same shape', async () => {
    const answer = await api.content(video.id, 'thumbnail');
    expect(answer.headers.get('content-type')).toBe('image/webp');
    const { width, height, format } = await sharp(wholeFile(answer)).metadata();
    expect([format, width / height]).toEqual(['webp', expect.closeTo(1280 / 720, 1)]);
  });

  it('has the first frame as it was sent and the last one cropped in the middle', async () => {
    const sent = await paint(1280, 720).png().toBuffer();
    const first = await pixelsOf(wholeFile(await api.content(video.id, 'first_frame')));
    expect(psnr(first.data, (await pixelsOf(sent)).data)).toBe(99);
    const tall = paint(1280, 960, { pan: 0.06, zoom: 1.1 });
    const middle = await pixelsOf(
      sharp(await tall.png().toBuffer()).extract({ left: 0, top: 120, width: 1280, height: 720 }),
    );
    const last = await pixelsOf(wholeFile(await api.content(video.id, 'last_frame')));
    expect(psnr(last.data, middle.data)).toBeGreaterThan(45);
  });

  it('has the last frame of the output, from which the next video goes on at the same size', async () => {
    const answer = await api.content(video.id, 'output_last_frame');
    expect(answer.headers.get('content-type')).toBe('image/png');
    const output = await pixelsOf(wholeFile(answer));
    const wished = await pixelsOf(wholeFile(await api.content(video.id, 'last_frame')));
    expect([output.width, output.height]).toEqual([1280, 720]);
    expect(psnr(output.data, wished.data)).toBeGreaterThan(32);
    await goOnFrom(video.id, '720P', output);
  });
});

/** Continues a video and checks that its last frame became the first one, pixel by pixel; then the work is cancelled. */
async function goOnFrom(id: string, size: string, output: { width: number; height: number; data: Buffer }) {
  const images = [`${id}:output_last_frame`, 'sample_last'];
  const next = await api.prepared((await api.create({ model: MODEL, images, size })).id);
  expect([next.width, next.height]).toEqual([output.width, output.height]);
  const first = await pixelsOf(wholeFile(await api.content(next.id, 'first_frame')));
  expect(psnr(first.data, output.data)).toBe(99);
  expect((await api.cancel(next.id)).json()).toMatchObject({ status: 'cancelled', url: null });
}

describe('the same request as a dry run', () => {
  it('foretold what the video became, and made nothing', async () => {
    const body = { model: MODEL, images: [`${pictures.url}/first-frame.png`, `${pictures.url}/last-frame.png`] };
    const before = await api.list();
    const headers = { 'content-type': 'application/json' };
    const dry = (change: object = {}) =>
      api.call('/v1/videos?dry_run=true', { method: 'POST', headers, body: JSON.stringify({ ...body, ...change }) });
    const quote = await dry();
    expect([quote.status, quote.json()]).toMatchObject([
      200,
      {
        object: 'video.quote',
        width: video.width,
        height: video.height,
        backend: 'renderer',
        cost: null,
        frames: [
          { width: 1280, height: 720, cropped: 0 },
          { width: 1280, height: 960, cropped: 0.25 },
        ],
      },
    ]);
    const missing = await dry({ images: ['sample_first', `${pictures.url}/missing.png`] });
    expect([missing.status, missing.json()]).toMatchObject([
      400,
      { error: { code: 'image_unreachable', param: 'images[1]' } },
    ]);
    expect(await api.list()).toHaveLength(before.length);
  });
});

describe('other ways to ask', () => {
  let odd: string;

  beforeAll(async () => {
    odd = scratch.file('odd name.png');
    await paint(1000, 750).png().toFile(odd);
  });

  it('curl -F makes a video, and a chain of an uneven size keeps it', async () => {
    const fields = { model: MODEL, size: '480p', seconds: '5', seed: '0', prompt_extend: 'true', watermark: 'false' };
    const form = [
      ...Object.entries(fields).map(([name, value]) => `${name}=${value}`),
      `images[]=@${odd}`,
      `images[]=@${odd}`,
    ];
    const { code, out, err } = await runProgram('curl', [
      '--silent',
      '--show-error',
      ...['--header', `Authorization: Bearer ${api.key}`],
      ...form.flatMap((field) => ['-F', field]),
      `${api.url}/v1/videos`,
    ]);
    expect([code, err]).toEqual([0, '']);
    const created = JSON.parse(out) as ShownVideo;
    expect(created, out).toMatchObject({ object: 'video', size: '480P', seed: 0 });
    const done = await api.succeeded(created.id);
    expect([done.width, done.height]).toEqual([720, 544]);
    expect(done.metadata.warnings.map(({ code: warning }) => warning)).toContain('identical_frames');
    await judgeVideo(api, done, { still: true });
    await goOnFrom(done.id, '480P', await pixelsOf(wholeFile(await api.content(done.id, 'output_last_frame'))));
  });

  it("Python's requests makes a video, where it is installed", async ({ skip }) => {
    const python = await runProgram('python3', ['-c', 'import requests']).catch(() => undefined);
    if (python?.code !== 0) return skip('python3 with requests is not here');
    const script = scratch.file('ask.py');
    await writeFile(
      script,
      [
        'import requests, sys',
        'url, key, picture = sys.argv[1:]',
        "files = [('images[]', open(picture, 'rb')), ('images[]', ('last.png', open(picture, 'rb'), 'image/png'))]",
        `data = {'model': '${MODEL}', 'size': '480P', 'prompt': '猫', 'watermark': 'true', 'tags[from]': 'python'}`,
        "answer = requests.post(url + '/v1/videos', files=files, data=data, headers={'Authorization': 'Bearer ' + key})",
        'print(answer.text)',
      ].join('\n'),
    );
    const { code, out, err } = await runProgram('python3', [script, api.url, api.key, odd]);
    expect([code, err]).toEqual([0, '']);
    const created = JSON.parse(out) as ShownVideo;
    expect(created, out).toMatchObject({ prompt: '猫', size: '480P', tags: { from: 'python' } });
    expect(await api.prepared(created.id)).toMatchObject({ width: 720, height: 544 });
    await api.cancel(created.id);
  });

  it('every spelling of a picture means the same picture', async () => {
    const bytes = await readFile(odd);
    const base64 = bytes.toString('base64');
    const spellings = [
      `data:image/png;base64,${base64}`,
      base64,
      `data:;base64,${base64}`,
      `DATA:image/jpeg;base64,${base64}`,
    ];
    for (const spelling of spellings) {
      const { id } = await api.create({ model: MODEL, images: [spelling, 'sample_last'], size: '480P' });
      expect(await api.prepared(id), spelling.slice(0, 30)).toMatchObject({ width: 720, height: 544 });
      await api.cancel(id);
    }
  });

  it('what is not known is ignored and named', async () => {
    const body = { model: MODEL, images: ['sample_first', 'sample_last'], resolution: '4K', seconds: 5 };
    const created = await api.create(body);
    expect(created.metadata.warnings).toContainEqual({
      code: 'unknown_field',
      message: expect.stringContaining('resolution'),
    });
    await api.cancel(created.id);
  });
});

describe('a picture that cannot be had', () => {
  it('ends its video as failed, and says which one', async () => {
    const { id } = hopeless;
    const failed = await api.wait(id, ({ status }) => status === 'failed', 30_000);
    expect(failed).toMatchObject({
      error: { code: 'image_unreachable', message: expect.stringContaining('images[1]') },
    });
    expect([failed.url, typeof failed.completed_at]).toEqual([null, 'number']);
    const content = await api.content(id);
    expect([content.status, content.json()]).toMatchObject([409, { error: { code: 'no_content' } }]);
  });
});
