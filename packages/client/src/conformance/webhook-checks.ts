import { verifyWebhook } from '../webhook.ts';
import { type Check, type Context, must, mustAnswer, NotOffered } from './context.ts';
import { checkObject } from './seed-checks.ts';

/** Never resolved by anybody, so that nothing reaches a stranger: RFC 6761. */
const NOWHERE = 'https://hooks.invalid/conformance';
const PATH = '/v1/webhook_endpoints';
const LIMIT_MS = 30_000;

type Shown = Readonly<Record<string, unknown>>;

/** Being told instead of asking: docs/webhooks.md. In this order, as they look at one endpoint. */
export const webhookChecks: readonly Check[] = [
  {
    name: "a webhook endpoint's secret is shown once",
    async run(at) {
      const post = (url: string) => at.ask(PATH, { method: 'POST', body: { url, description: 'conformance' } });
      let made = at.hook === undefined ? undefined : await post(at.hook.url);
      const heard = made !== undefined && [200, 201].includes(made.status);
      if (!heard) made = await post(NOWHERE);
      if (made === undefined || [404, 405, 501].includes(made.status)) throw new NotOffered(`it has no ${PATH}`);
      mustAnswer(made, [200, 201], 'create');
      const { id, secret } = made.json;
      must(typeof id === 'string' && id !== '', `id is ${JSON.stringify(id)}`);
      must(
        typeof secret === 'string' && /^whsec_[A-Za-z0-9+/]{32,}=*$/.test(secret),
        'secret is not whsec_ and base64',
      );
      at.endpoint = { id, secret, heard };
      for (const path of [`${PATH}/${id}`, PATH]) {
        const answer = await at.ask(path);
        mustAnswer(answer, [200], path);
        const text = new TextDecoder().decode(answer.bytes);
        must(text.includes(id), `${path} does not show the endpoint`);
        must(!text.includes(secret), `${path} shows the secret again`);
      }
    },
  },
  {
    name: 'a test delivery is signed as Standard Webhooks wants it',
    async run(at) {
      const { id, heard } = endpointOf(at);
      if (at.hook === undefined) throw new NotOffered('there is no address to be told at; give one (--hook)');
      if (!heard) throw new NotOffered(`the server does not post to ${at.hook.url}`);
      const before = at.hook.heard.length;
      const answer = await at.ask(`${PATH}/${id}/test`, { method: 'POST' });
      mustAnswer(answer, [200], 'test');
      must(answer.json['delivered'] === true, `delivered is ${JSON.stringify(answer.json['delivered'])}`);
      const { type } = await told(at, before, () => true);
      must(type === 'webhook.test', `type is ${JSON.stringify(type)}, not "webhook.test"`);
    },
  },
  {
    name: 'callback_url is accepted, and a bad one is refused by its name',
    async run(at) {
      endpointOf(at);
      const post = (callback_url: string) => at.ask('/v1/videos', { method: 'POST', body: at.body({ callback_url }) });
      const bad = await post('javascript:alert(1)');
      mustAnswer(bad, [400, 422], 'a callback_url that is no address');
      const { error } = bad.json as { error: { param?: unknown } };
      must(error.param === 'callback_url', `error.param is ${JSON.stringify(error.param)}, not "callback_url"`);
      const good = await post(NOWHERE);
      mustAnswer(good, [200, 201, 202], 'a callback_url');
      await at.ask(`/v1/videos/${checkObject(good.json)}`, { method: 'DELETE' });
    },
  },
  {
    name: 'a cancel is delivered and listed, and can be replayed under the same id',
    async run(at) {
      const { id, heard } = endpointOf(at);
      const made = await at.ask('/v1/videos', { method: 'POST', body: at.body() });
      const video = checkObject(made.json);
      mustAnswer(await at.ask(`/v1/videos/${video}/cancel`, { method: 'POST' }), [200], 'cancel');
      const delivery = await listed(at, id, video, (found) => !heard || found['state'] === 'delivered');
      must(delivery['type'] === 'video.cancelled', `type is ${JSON.stringify(delivery['type'])}`);
      const name = delivery['webhook_id'];
      if (heard) {
        const message = (await told(at, 0, (webhookId) => webhookId === name)) as { data?: Shown };
        must(message.data?.['id'] === video, `data.id is ${JSON.stringify(message.data?.['id'])}, not the video's`);
      }
      const before = at.hook?.heard.length ?? 0;
      const replayed = await at.ask(`/v1/webhook_deliveries/${String(delivery['id'])}/replay`, { method: 'POST' });
      mustAnswer(replayed, [200, 202], 'replay');
      must(replayed.json['webhook_id'] === name, 'the replay has another webhook_id');
      if (heard) await told(at, before, (webhookId) => webhookId === name);
      await at.ask(`/v1/videos/${video}`, { method: 'DELETE' });
    },
  },
  {
    name: 'a webhook endpoint is deleted',
    async run(at) {
      const { id } = endpointOf(at);
      const answer = await at.ask(`${PATH}/${id}`, { method: 'DELETE' });
      mustAnswer(answer, [200, 204], 'delete');
      mustAnswer(await at.ask(`${PATH}/${id}`), [404], 'a deleted endpoint');
    },
  },
];

function endpointOf(at: Context): NonNullable<Context['endpoint']> {
  if (at.endpoint === undefined) throw new NotOffered('no webhook endpoint could be created');
  return at.endpoint;
}

/** The delivery about this video, once it is as wanted. @throws Mismatch after half a minute */
async function listed(at: Context, id: string, video: string, wanted: (found: Shown) => boolean): Promise<Shown> {
  for (const end = Date.now() + LIMIT_MS; ; ) {
    const answer = await at.ask(`${PATH}/${id}/deliveries`);
    mustAnswer(answer, [200], 'deliveries');
    const { data } = answer.json;
    must(Array.isArray(data), 'the deliveries are no list');
    const found = (data as readonly Shown[]).find((delivery) => delivery['video'] === video);
    if (found !== undefined && wanted(found)) return found;
    const state = found === undefined ? 'is not listed' : `is ${JSON.stringify(found['state'])}`;
    must(Date.now() < end, `after ${LIMIT_MS / 1000} s the delivery of the cancel ${state}`);
    await at.pause(200);
  }
}

/** The first webhook from this place on whose id is wanted, verified. @throws Mismatch, WebhookError */
async function told(at: Context, from: number, wanted: (webhookId: string) => boolean): Promise<Shown> {
  const { secret } = endpointOf(at);
  for (const end = Date.now() + LIMIT_MS; ; ) {
    const came = at.hook?.heard.slice(from).find(({ headers }) => wanted(headers.get('webhook-id') ?? ''));
    if (came !== undefined) return verifyWebhook<Shown>(came, secret);
    must(Date.now() < end, `nothing came to ${at.hook?.url} within ${LIMIT_MS / 1000} s`);
    await at.pause(100);
  }
}
