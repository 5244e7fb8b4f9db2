import { type Check, type Context, must, mustAnswer } from './context.ts';

/** The words of the API page, in the order in which a status may only move. */
export const STATUSES = ['pending', 'queued', 'running', 'succeeded', 'failed', 'cancelled'];
const FINAL = 'succeeded, failed or cancelled';

const refused = (name: string, changes: Readonly<Record<string, unknown>>, param: string): Check => ({
  name,
  async run(at) {
    const answer = await at.ask('/v1/videos', { method: 'POST', body: at.body(changes) });
    mustAnswer(answer, [400, 422], name);
    const { error } = answer.json as { error: { message: string; param?: unknown } };
    const told = `${error.message} ${typeof error.param === 'string' ? error.param : ''}`;
    must(told.includes(param), `the error does not name "${param}": ${told}`);
  },
});

/** What the API page states, and what every client of the family relies on. */
export const seedChecks: readonly Check[] = [
  {
    name: 'no key is 401',
    run: async (at) =>
      mustAnswer(await at.ask('/v1/videos', { method: 'POST', body: at.body(), key: null }), [401], 'no key'),
  },
  {
    name: 'a wrong key is 401',
    async run(at) {
      const answer = await at.ask('/v1/videos', { method: 'POST', body: at.body(), key: 'not-a-key' });
      mustAnswer(answer, [401], 'a wrong key');
    },
  },
  refused('one picture is refused', { images: ['https://example.com/a.png'] }, 'images'),
  refused('three pictures are refused', { images: Array(3).fill('https://example.com/a.png') }, 'images'),
  refused('no picture is refused', { images: undefined }, 'images'),
  refused('an unknown model is refused', { model: 'no-such-model' }, 'model'),
  refused('a duration other than 5 is refused', { seconds: '7' }, 'seconds'),
  refused('a size that is none is refused', { size: '333P' }, 'size'),
  refused('a prompt of 801 characters is refused', { prompt: 'x'.repeat(801) }, 'prompt'),
  refused('a negative prompt of 501 characters is refused', { negative_prompt: 'x'.repeat(501) }, 'negative_prompt'),
  refused('a seed below 0 is refused', { seed: -1 }, 'seed'),
  refused('a seed above 2147483647 is refused', { seed: 2_147_483_648 }, 'seed'),
  refused('a flag that is no boolean is refused', { watermark: 'maybe' }, 'watermark'),
  {
    name: 'a body that is no JSON is refused',
    run: async (at) =>
      mustAnswer(await at.ask('/v1/videos', { method: 'POST', body: '{"model":' }), [400, 422], 'broken JSON'),
  },
  {
    name: 'create answers the video object',
    async run(at) {
      const answer = await at.ask('/v1/videos', { method: 'POST', body: at.body({ seed: 0, size: '480p' }) });
      mustAnswer(answer, [200, 201, 202], 'create');
      at.made = checkObject(answer.json);
      must(answer.json['model'] === at.model, `model is ${String(answer.json['model'])}, not ${at.model}`);
    },
  },
  {
    name: 'retrieve answers the same object',
    async run(at) {
      const answer = await at.ask(`/v1/videos/${madeBy(at)}`);
      mustAnswer(answer, [200], 'retrieve');
      must(checkObject(answer.json) === at.made, 'another id came back');
    },
  },
  {
    name: 'an unknown id is 404',
    async run(at) {
      const answer = await at.ask('/v1/videos/video_00000000000000000000000000');
      mustAnswer(answer, [404], 'an unknown id');
    },
  },
  {
    name: 'a video ends, and its status and progress only grow',
    async run(at) {
      let [status, progress] = [0, 0];
      for (const end = Date.now() + at.patienceMs; ; ) {
        const { json } = await at.ask(`/v1/videos/${madeBy(at)}`);
        checkObject(json);
        const [nextStatus, nextProgress] = [STATUSES.indexOf(String(json['status'])), Number(json['progress'])];
        must(nextStatus >= status, `status went back from ${STATUSES[status]} to ${STATUSES[nextStatus]}`);
        must(nextProgress >= progress, `progress fell from ${progress} to ${nextProgress}`);
        [status, progress] = [nextStatus, nextProgress];
        if (STATUSES[status] === 'succeeded') return must(progress === 100, `progress is ${progress} at the end`);
        must(
          status < STATUSES.indexOf('succeeded'),
          `it ended as ${STATUSES[status]}: ${JSON.stringify(json['error'])}`,
        );
        must(progress < 100, 'progress is 100 before it succeeded');
        must(Date.now() < end, `after ${at.patienceMs / 1000} s it is ${STATUSES[status]}, not ${FINAL}`);
        await at.pause(1_000);
      }
    },
  },
  {
    name: 'the content is an MP4 that can be read in ranges',
    async run(at) {
      const whole = await at.ask(`/v1/videos/${madeBy(at)}/content`);
      must(whole.status === 200, `content: ${whole.status} instead of 200`);
      must(whole.headers.get('content-type')?.startsWith('video/mp4') === true, 'its type is not video/mp4');
      must(new TextDecoder('latin1').decode(whole.bytes.slice(4, 8)) === 'ftyp', 'it does not begin as an MP4 does');
      const part = await at.ask(`/v1/videos/${at.made}/content`, { headers: { range: 'bytes=4-7' } });
      must(part.status === 206, `a range: ${part.status} instead of 206`);
      must(
        part.headers.get('content-range') === `bytes 4-7/${whole.bytes.length}`,
        'Content-Range is not what was asked',
      );
      must(new TextDecoder('latin1').decode(part.bytes) === 'ftyp', 'the range holds other bytes');
    },
  },
  {
    name: 'url, video_url and metadata.url tell the address of the MP4',
    async run(at) {
      const { json } = await at.ask(`/v1/videos/${madeBy(at)}`);
      const { url } = (json['metadata'] ?? {}) as { url?: unknown };
      must(typeof url === 'string' && url.startsWith('http'), 'metadata.url is no address');
      must(json['url'] === url && json['video_url'] === url, 'url, video_url and metadata.url differ');
      const file = await at.ask(url);
      must(file.status === 200, `${url} answers ${file.status}`);
    },
  },
];

/** Checks a video object as far as the API page goes. @returns its id */
export function checkObject(json: Readonly<Record<string, unknown>>): string {
  const { id, task_id: alias, object, status, progress, created_at: created } = json;
  must(typeof id === 'string' && /^[\w-]{1,200}$/.test(id), `id is ${JSON.stringify(id)}`);
  must(alias === id, `task_id is ${JSON.stringify(alias)}, not the id`);
  must(object === 'video', `object is ${JSON.stringify(object)}`);
  must(STATUSES.includes(String(status)), `status is ${JSON.stringify(status)}, none of ${STATUSES.join(', ')}`);
  const percent = Number.isInteger(progress) && Number(progress) >= 0 && Number(progress) <= 100;
  must(percent, `progress is ${JSON.stringify(progress)}, no whole number from 0 to 100`);
  const age = Date.now() / 1000 - Number(created);
  must(Number.isInteger(created) && Math.abs(age) < 86_400 * 365, `created_at is ${String(created)}, no Unix seconds`);
  return id;
}

/** @throws Mismatch when the check that makes it failed */
export function madeBy(at: Context): string {
  must(at.made !== undefined, 'no video could be created');
  return at.made;
}
