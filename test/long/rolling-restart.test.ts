import { writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { readMessages } from '../../packages/client/src/event-stream.ts';
import { type Api, createApi, isFinal, MODEL, must, type ShownVideo, wholeFile } from '../support/api.ts';
import { startBalancer } from '../support/balancer.ts';
import { startFakeDashscope } from '../support/fakes/dashscope/server.ts';
import { startFleet } from '../support/fleet.ts';
import { BILLED_MODEL } from '../support/fleet-client.ts';
import { dataUrl, paint } from '../support/paintings.ts';
import { hasPostgres } from '../support/postgres-cluster.ts';
import { KEY, makeScratch, type ServerProcess } from '../support/server-process.ts';
import { until } from '../support/until.ts';

/** Videos under way at any time, one half rendered here, the other made by a peer that is paid for each ask. */
const OPEN = 4;
const LIMIT_MS = 120_000;

it.skipIf(!hasPostgres())(
  'two APIs and two workers are restarted one after the other, and nobody behind the load balancer notices',
  async () => {
    await using scratch = makeScratch();
    const peer = await startFakeDashscope({ runMs: 500, concurrency: 100 });
    const config = scratch.file('inbetween.yaml');
    const place = `{kind: dashscope, credential: PAID_KEY, url: '${peer.url}', pollEvery: 200ms}`;
    writeFileSync(config, `backends: {paid: ${place}}\nmodels: {${BILLED_MODEL}: [paid]}\n`);
    const env = { INBETWEEN_CONFIG: config, PAID_KEY: 'sk-fake', SHUTDOWN_DELAY: '2s' };
    await using fleet = await startFleet(scratch);
    const start = (role: 'api' | 'worker') => fleet.start(role, { env });
    const workers = await Promise.all([start('worker'), start('worker')]);
    const apis = await Promise.all([start('api'), start('api')]);
    await using balancer = await startBalancer();
    await Promise.all(apis.map(({ url }) => balancer.add(url)));

    const load = await startLoad(createApi(balancer.url, KEY));
    await load.finishes(2);
    const stopped: ServerProcess[] = [];
    for (const api of apis) {
      expect(await api.stop(), api.err()).toEqual({ code: 0, signal: null });
      balancer.remove(api.url);
      await balancer.add((await start('api')).url);
      stopped.push(api);
    }
    for (const worker of workers) {
      expect(await worker.stop(), worker.err()).toEqual({ code: 0, signal: null });
      await start('worker');
      stopped.push(worker);
    }
    await load.finishes(2);
    const made = await load.stop();

    console.log(JSON.stringify({ videos: made.length, requests: [...balancer.sent.values()] }));
    expect(stopped).toHaveLength(4);
    expect(load.wrong).toEqual([]);
    expect(balancer.broken).toEqual([]);
    // All four APIs had their share.
    expect(balancer.sent.size).toBe(4);
    // Each ask arrived at the peer once.
    const prompts = peer.tasks.map(({ wish }) => wish.prompt);
    expect(prompts.toSorted()).toEqual(made.filter((prompt) => prompt.startsWith('paid')).toSorted());
    await peer.kill();
  },
);

/** A steady load of clients, each of which has one video made after the other in every way there is. */
interface Load {
  /** Whatever a client could notice. */
  readonly wrong: readonly string[];
  /** Waits until so many more videos are finished. */
  finishes(videos: number): Promise<void>;
  /** Finishes what is under way. Gives the prompts of all videos. */
  stop(): Promise<readonly string[]>;
}

async function startLoad(api: Api): Promise<Load> {
  const image = dataUrl(await paint(320, 256).png().toBuffer());
  const wrong: string[] = [];
  const open = new Set<string>();
  const prompts: string[] = [];
  let finished = 0;
  let stopped = false;

  async function client(n: number): Promise<void> {
    const billed = n % 2 === 0;
    for (let video = 0; !stopped; video += 1) {
      const prompt = `${billed ? 'paid' : 'rendered'} ${n} ${video}`;
      const ask = billed ? { model: BILLED_MODEL, size: '720P' } : { model: MODEL, size: '480P' };
      try {
        const { id } = await api.create({ ...ask, prompt, images: [image, image] });
        prompts.push(prompt);
        open.add(id);
        await Promise.all([polls(api, id), waits(api, id), listens(api, id)]);
        const end = await api.find(id);
        if (end.status !== 'succeeded') throw new Error(`${id} ended: ${JSON.stringify(end)}`);
        wholeFile(await api.content(id));
        must(await api.content(id, 'thumbnail'));
        finished += 1;
        open.delete(id);
      } catch (error) {
        wrong.push(`${prompt}: ${error instanceof Error ? error.stack : error}`);
        return;
      }
    }
  }

  const clients = Array.from({ length: OPEN }, (_, n) => client(n));
  return {
    wrong,
    async finishes(videos) {
      const aim = finished + videos;
      const state = () => `${finished} of ${aim}; ${wrong.join('\n')}`;
      await until('videos', () => finished >= aim || wrong.length > 0, { limitMs: LIMIT_MS }, state);
    },
    async stop() {
      stopped = true;
      await Promise.race([Promise.all(clients), pause(LIMIT_MS)]);
      for (const id of open) wrong.push(`is not finished: ${(await api.call(`/v1/videos/${id}`)).text()}`);
      return prompts;
    },
  };
}

/** Looks again and again. */
async function polls(api: Api, id: string): Promise<void> {
  while (!isFinal((await api.find(id)).status)) {
    must(await api.call('/v1/videos?limit=5'));
    await pause(200);
  }
}

/** Asks to be answered when something has happened. */
async function waits(api: Api, id: string): Promise<void> {
  for (;;) {
    const answer = must(await api.call(`/v1/videos/${id}?wait=20`));
    if (isFinal(answer.json<ShownVideo>().status)) return;
  }
}

/** Listens to the events. A server that is about to stop ends the stream in order; it is then taken up where it ended. */
async function listens(api: Api, id: string): Promise<void> {
  let last = { id: '', version: 0 };
  for (;;) {
    const headers = {
      authorization: `Bearer ${api.key}`,
      ...(last.id === '' ? {} : { 'last-event-id': last.id }),
    };
    const answer = await fetch(`${api.url}/v1/videos/${id}/events`, { headers });
    if (answer.status !== 200 || answer.body === null) throw new Error(`events of ${id}: ${answer.status}`);
    for await (const message of readMessages(answer.body)) {
      const version = Number(message.id.split(':').at(-1));
      if (version <= last.version) throw new Error(`events of ${id}: ${message.id} after ${last.id}`);
      last = { id: message.id, version };
      if (isFinal((JSON.parse(message.data) as ShownVideo).status)) return;
    }
  }
}
