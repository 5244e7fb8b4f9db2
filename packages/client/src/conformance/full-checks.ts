import { type Check, type Context, must, mustAnswer } from './context.ts';
import { checkObject, madeBy } from './seed-checks.ts';

/** What the API page leaves open and this project settles: docs/api. */
export const fullChecks: readonly Check[] = [
  {
    name: 'a form with files is accepted',
    async run(at) {
      const form = new FormData();
      form.append('model', at.model);
      form.append('prompt', 'a form');
      form.append('watermark', 'true');
      form.append('seed', '7');
      for (const bytes of [at.frames.first, at.frames.last]) {
        form.append('images[]', new Blob([bytes as Uint8Array<ArrayBuffer>], { type: 'image/png' }), 'frame.png');
      }
      const answer = await at.ask('/v1/videos', { method: 'POST', body: form });
      mustAnswer(answer, [200], 'a form');
      const id = checkObject(answer.json);
      must(answer.json['seed'] === 7, `seed is ${String(answer.json['seed'])}, not the 7 of the form`);
      await remove(at, id);
    },
  },
  {
    name: 'the prompt counts characters, not bytes',
    async run(at) {
      const answer = await at.ask('/v1/videos', { method: 'POST', body: at.body({ prompt: '🐈'.repeat(800) }) });
      mustAnswer(answer, [200], '800 emoji');
      await remove(at, checkObject(answer.json));
    },
  },
  {
    name: 'damaged pictures are refused before the answer, by their place',
    async run(at) {
      const damaged = `data:image/png;base64,${btoa('x'.repeat(90))}`;
      const images = [(at.body()['images'] as readonly string[])[0], damaged];
      const answer = await at.ask('/v1/videos', { method: 'POST', body: at.body({ images }) });
      mustAnswer(answer, [400], 'a damaged picture');
      const { error } = answer.json as { error: { param?: unknown } };
      must(error.param === 'images[1]', `error.param is ${JSON.stringify(error.param)}, not "images[1]"`);
    },
  },
  {
    name: 'addresses inside the network are refused',
    async run(at) {
      const images = ['http://169.254.169.254/a.png', 'http://[::1]/b.png'];
      const answer = await at.ask('/v1/videos', { method: 'POST', body: at.body({ images }) });
      mustAnswer(answer, [400], 'a private address');
    },
  },
  {
    name: 'an Idempotency-Key makes one video of two requests, and refuses another request',
    async run(at) {
      const headers = { 'idempotency-key': `conformance-${Date.now()}-${Math.random()}` };
      const post = (changes: Readonly<Record<string, unknown>> = {}) =>
        at.ask('/v1/videos', { method: 'POST', headers, body: at.body(changes) });
      const [first, second] = [await post(), await post()];
      mustAnswer(first, [200], 'the first request');
      mustAnswer(second, [200], 'the second request');
      must(first.json['id'] === second.json['id'], 'two videos were made');
      must(second.headers.get('idempotency-replayed') === 'true', 'Idempotency-Replayed is not told');
      mustAnswer(await post({ prompt: 'another' }), [422, 409], 'another request under the same key');
      await remove(at, checkObject(first.json));
    },
  },
  {
    name: 'unknown fields are ignored and named',
    async run(at) {
      const answer = await at.ask('/v1/videos', {
        method: 'POST',
        body: at.body({ flavour: 'mint', tags: { a: 'b' } }),
      });
      mustAnswer(answer, [200], 'an unknown field');
      const { warnings } = answer.json['metadata'] as { warnings?: readonly { message: string }[] };
      must(warnings?.some(({ message }) => message.includes('flavour')) === true, 'metadata.warnings does not name it');
      must(JSON.stringify(answer.json['tags']) === '{"a":"b"}', 'tags do not come back');
      await remove(at, checkObject(answer.json));
    },
  },
  {
    name: 'cancel ends a video, twice over',
    async run(at) {
      const made = await at.ask('/v1/videos', { method: 'POST', body: at.body() });
      const id = checkObject(made.json);
      for (const what of ['cancel', 'cancel again']) {
        const answer = await at.ask(`/v1/videos/${id}/cancel`, { method: 'POST' });
        mustAnswer(answer, [200], what);
        must(answer.json['status'] === 'cancelled', `${what}: status is ${String(answer.json['status'])}`);
      }
      mustAnswer(await at.ask(`/v1/videos/${id}/content`), [409], 'content of a cancelled video');
      await remove(at, id);
      mustAnswer(await at.ask(`/v1/videos/${id}`), [404], 'a deleted video');
      mustAnswer(
        await at.ask(`/v1/videos/${madeBy(at)}/cancel`, { method: 'POST' }),
        [409],
        'cancel of a finished video',
      );
    },
  },
  {
    name: 'the list has it, page by page',
    async run(at) {
      const found: string[] = [];
      for (let after = ''; ; ) {
        const answer = await at.ask(`/v1/videos?limit=2&order=desc${after === '' ? '' : `&after=${after}`}`);
        mustAnswer(answer, [200], 'list');
        const { object, data, has_more: more, last_id: last } = answer.json as Readonly<Record<string, unknown>>;
        must(object === 'list' && Array.isArray(data) && data.length <= 2, 'it is no page of at most 2');
        for (const video of data) found.push(checkObject(video as Readonly<Record<string, unknown>>));
        if (more !== true || found.includes(madeBy(at)) || found.length > 500) break;
        must(typeof last === 'string', 'last_id is missing where has_more is true');
        after = last;
      }
      must(found.includes(madeBy(at)), 'the video is not in the list');
      must(new Set(found).size === found.length, 'a video came twice');
    },
  },
  {
    name: 'an unchanged video is 304 under its ETag',
    async run(at) {
      const first = await at.ask(`/v1/videos/${madeBy(at)}`);
      const etag = first.headers.get('etag');
      must(etag !== null, 'there is no ETag');
      const second = await at.ask(`/v1/videos/${at.made}`, { headers: { 'if-none-match': etag } });
      must(second.status === 304, `${second.status} instead of 304`);
    },
  },
  {
    name: 'HEAD, suffix ranges and ranges that are not there',
    async run(at) {
      const path = `/v1/videos/${madeBy(at)}/content`;
      const head = await at.ask(path, { method: 'HEAD' });
      const length = Number(head.headers.get('content-length'));
      must(head.status === 200 && length > 1_000, `HEAD: ${head.status}, ${length} bytes`);
      const end = await at.ask(path, { headers: { range: 'bytes=-10' } });
      must(end.status === 206 && end.bytes.length === 10, `bytes=-10: ${end.status}, ${end.bytes.length} bytes`);
      const beyond = await at.ask(path, { headers: { range: `bytes=${length}-` } });
      must(beyond.status === 416, `a range behind the end: ${beyond.status} instead of 416`);
    },
  },
  {
    name: 'thumbnail, prepared frames and last output frame',
    async run(at) {
      for (const variant of ['thumbnail', 'first_frame', 'last_frame', 'output_last_frame']) {
        const answer = await at.ask(`/v1/videos/${madeBy(at)}/content?variant=${variant}`);
        must(answer.status === 200, `${variant}: ${answer.status} instead of 200`);
        must(answer.headers.get('content-type')?.startsWith('image/') === true, `${variant} is no picture`);
      }
    },
  },
  {
    name: 'the last frame of a video can be the first of the next, at the same size',
    async run(at) {
      const before = (await at.ask(`/v1/videos/${madeBy(at)}`)).json;
      const [, last] = at.body()['images'] as readonly string[];
      const ask = at.body({ images: [`${at.made}:output_last_frame`, last], size: String(before['size']) });
      const made = await at.ask('/v1/videos', { method: 'POST', body: ask });
      mustAnswer(made, [200], 'a chained create');
      const id = checkObject(made.json);
      const sides = ({ width, height }: Readonly<Record<string, unknown>>) => `${String(width)}x${String(height)}`;
      for (const end = Date.now() + 60_000; ; ) {
        const { json } = await at.ask(`/v1/videos/${id}`);
        if (json['width'] !== null) {
          must(sides(json) === sides(before), `${sides(before)} became ${sides(json)}`);
          break;
        }
        must(json['status'] === 'pending' && Date.now() < end, `its size is not known: ${String(json['status'])}`);
        await at.pause(250);
      }
      await remove(at, id);
    },
  },
  {
    name: 'wait=n answers when the status changes',
    async run(at) {
      const made = await at.ask('/v1/videos', { method: 'POST', body: at.body() });
      const id = checkObject(made.json);
      const answer = await at.ask(`/v1/videos/${id}?wait=30`, { headers: { prefer: 'wait=30' } });
      mustAnswer(answer, [200], 'wait');
      must(answer.json['status'] !== 'pending', 'it is still pending after 30 s');
      mustAnswer(await at.ask(`/v1/videos/${id}?wait=61`), [400], 'wait=61');
      await remove(at, id);
    },
  },
  {
    name: 'events tell the final state and end',
    async run(at) {
      const answer = await at.ask(`/v1/videos/${madeBy(at)}/events`, { headers: { accept: 'text/event-stream' } });
      must(answer.status === 200, `events: ${answer.status} instead of 200`);
      must(answer.headers.get('content-type')?.startsWith('text/event-stream') === true, 'they are no event stream');
      const text = new TextDecoder().decode(answer.bytes);
      must(text.includes(`id: ${at.made}:`) && /"status":"succeeded"/.test(text), 'the final state is not told');
    },
  },
  {
    name: 'a file is uploaded, used and deleted',
    async run(at) {
      const form = new FormData();
      form.append('file', new Blob([at.frames.first as Uint8Array<ArrayBuffer>], { type: 'image/png' }), 'first.png');
      const uploaded = await at.ask('/v1/files', { method: 'POST', body: form });
      mustAnswer(uploaded, [200], 'upload');
      const id = String(uploaded.json['id']);
      const images = [id, (at.body()['images'] as readonly string[])[1]];
      const made = await at.ask('/v1/videos', { method: 'POST', body: at.body({ images }) });
      mustAnswer(made, [200], 'a create with a file');
      mustAnswer(await at.ask(`/v1/files/${id}`, { method: 'DELETE' }), [200], 'deleting the file');
      mustAnswer(await at.ask(`/v1/files/${id}`), [404], 'a deleted file');
      await remove(at, checkObject(made.json));
    },
  },
  {
    name: 'models and description are told',
    async run(at) {
      const models = (await at.ask('/v1/models')).json['data'] as readonly { id: string }[] | undefined;
      must(models?.some(({ id }) => id === at.model) === true, `/v1/models does not list ${at.model}`);
      const described = (await at.ask('/openapi.json', { key: null })).json;
      must(typeof described['openapi'] === 'string', '/openapi.json is no description');
    },
  },
];

async function remove(at: Context, id: string): Promise<void> {
  const answer = await at.ask(`/v1/videos/${id}`, { method: 'DELETE' });
  mustAnswer(answer, [200], 'delete');
  must(answer.json['deleted'] === true && answer.json['id'] === id, 'delete does not answer {id, deleted: true}');
}
