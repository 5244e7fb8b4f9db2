import { isDeepStrictEqual } from 'node:util';
import type { Delivery } from '../../../domain/delivery.ts';
import type { EndpointId } from '../../../domain/id.ts';
import type { WebhookStore } from '../../../ports/webhooks.ts';
import { frozen, type State } from './state.ts';

/** Endpoints and what they are owed. */
export function webhookStore({ endpoints, deliveries }: State): WebhookStore {
  return {
    async addEndpoint(endpoint) {
      if (endpoints.has(endpoint.id)) throw new Error(`${endpoint.id} is stored already`);
      endpoints.set(endpoint.id, frozen(endpoint));
    },
    async ensureCallback(fresh) {
      const known = [...endpoints.values()].find(({ owner, kind }) => owner === fresh.owner && kind === 'callback');
      if (known !== undefined) return known;
      endpoints.set(fresh.id, frozen(fresh));
      return fresh;
    },
    async endpoint(id, owner) {
      const found = endpoints.get(id);
      return owner === undefined || found?.owner === owner ? found : undefined;
    },
    endpoints: async (owner) =>
      [...endpoints.values()]
        .filter((endpoint) => endpoint.owner === owner)
        .toSorted((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1)),
    async swapEndpoint(previous, next) {
      if (!isDeepStrictEqual(endpoints.get(previous.id), previous)) return false;
      endpoints.set(next.id, frozen(next));
      return true;
    },
    async removeEndpoint(id, owner) {
      if (endpoints.get(id)?.owner !== owner) return false;
      endpoints.delete(id);
      for (const delivery of deliveries.values()) if (delivery.endpoint === id) deliveries.delete(delivery.id);
      return true;
    },
    async claim({ now, limit, perEndpoint, until }) {
      const ofEndpoint = new Map<EndpointId, number>();
      const due = [...deliveries.values()]
        .filter(({ dueAt }) => dueAt !== null && dueAt <= now)
        .toSorted((a, b) => (a.dueAt ?? 0) - (b.dueAt ?? 0) || (a.id < b.id ? -1 : 1))
        .filter(({ endpoint }) => {
          const count = (ofEndpoint.get(endpoint) ?? 0) + 1;
          ofEndpoint.set(endpoint, count);
          return count <= perEndpoint;
        })
        .slice(0, Math.max(0, limit))
        .map((delivery) => frozen({ ...delivery, dueAt: until }));
      for (const delivery of due) deliveries.set(delivery.id, delivery);
      return due;
    },
    async swap(previous, next) {
      const known = deliveries.get(previous.id);
      if (known?.state !== previous.state || known.dueAt !== previous.dueAt) return false;
      deliveries.set(next.id, frozen(next));
      return true;
    },
    async nextDue(after) {
      const later = [...deliveries.values()].flatMap(({ dueAt }) => (dueAt !== null && dueAt > after ? [dueAt] : []));
      return later.length === 0 ? undefined : Math.min(...later);
    },
    async find(id, owner) {
      const found = deliveries.get(id);
      return found?.owner === owner ? found : undefined;
    },
    async list(owner, { after, limit, endpoint, video, state }) {
      const all = [...deliveries.values()].filter((one) => one.owner === owner).toSorted(newestFirst);
      const from = after === undefined ? 0 : all.findIndex(({ id }) => id === after) + 1;
      if (after !== undefined && from === 0) return { items: [], hasMore: false };
      const found = all
        .slice(from)
        .filter((one) => endpoint === undefined || one.endpoint === endpoint)
        .filter((one) => video === undefined || one.video === video)
        .filter((one) => state === undefined || one.state === state);
      return { items: found.slice(0, limit), hasMore: found.length > limit };
    },
    deliveredSince: async (endpoint, at) =>
      [...deliveries.values()].some(
        (one) => one.endpoint === endpoint && one.state === 'delivered' && one.createdAt >= at,
      ),
  };
}

function newestFirst(a: Delivery, b: Delivery): number {
  return b.createdAt - a.createdAt || (a.id > b.id ? -1 : 1);
}
