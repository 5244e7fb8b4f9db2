import { DEFAULT_OWNER } from '../domain/id.ts';
import { type Surroundings, showVideo } from '../http/dialects/powertokens/translate.ts';
import { createEndpoints, type Endpoints } from '../service/endpoints.ts';
import { type Present, send } from '../worker/deliver.ts';
import type { World } from './adapters.ts';

/**
 * The body of a webhook: what happened, when, and the video as it is when it is sent. A receiver that wants to be sure
 * reads `data.status`; the type says which step it was told of.
 */
export function presenting(around: Surroundings): Present {
  return (video, type, happenedAt) => ({
    type,
    timestamp: new Date(happenedAt).toISOString(),
    data:
      video.deletedAt === null ? showVideo(video, around) : { id: video.id, object: 'video.deleted', deleted: true },
  });
}

/** Webhooks as callers manage them. */
export function endpointsOf(
  world: Pick<World, 'clock' | 'ids' | 'bell' | 'poster'> & { readonly store: Pick<World['store'], 'webhooks'> },
  callbackSecret: string | undefined,
): Endpoints {
  const { clock, ids, bell, poster } = world;
  return createEndpoints({
    store: world.store.webhooks,
    poster,
    clock,
    ids,
    bell,
    async sendTest(endpoint, url, signal) {
      const at = clock.now();
      const body = { type: 'webhook.test', timestamp: new Date(at).toISOString(), data: { endpoint: endpoint.id } };
      const id = `${endpoint.id}:test:${at}`;
      const outcome = await send({ poster, clock, ids }, endpoint, url, id, JSON.stringify(body), signal);
      const { status, problem } = outcome ?? { status: null, problem: 'The test was stopped.' };
      return { status, problem, ms: clock.now() - at };
    },
    callbackSecret: (owner) => (owner === DEFAULT_OWNER ? callbackSecret : undefined),
  });
}
