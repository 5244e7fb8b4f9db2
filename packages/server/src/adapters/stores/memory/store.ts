import type { Store } from '../../../ports/store.ts';
import { auditStore } from './audit.ts';
import { claim, isInLane } from './claim.ts';
import { fileStore } from './files.ts';
import { keyStore } from './keys.ts';
import { ledgerStore } from './ledger.ts';
import { counts, due, eventsAfter, kept, list, nextDue, queuePosition, recent, waiting } from './read.ts';
import { emptyState, keyName, type State } from './state.ts';
import { webhookStore } from './webhooks.ts';
import { insert, purge, swap } from './write.ts';

/**
 * A store that forgets everything when it is let go of, for tests. Each call does its work before it first yields, so
 * calls never interleave and none is half done. What it hands out is frozen.
 */
export function createMemoryStore(state: State = emptyState()): Store {
  const { videos, workers, secrets, backends, rates } = state;
  let closed = false;
  return {
    videos: {
      insert: async (video, effects) => insert(state, video, effects),
      async find(id, owner) {
        const video = videos.get(id);
        const hidden = owner !== undefined && (video?.owner !== owner || video.deletedAt !== null);
        return hidden ? undefined : video;
      },
      async findByKey(owner, key) {
        const known = state.idempotency.get(keyName(owner, key));
        const video = known && videos.get(known.video);
        return video && { video, fingerprint: known.fingerprint };
      },
      list: async (owner, page) => list(state, owner, page),
      claim: async (wish) => claim(state, wish),
      swap: async (previous, next, effects) => swap(state, previous, next, effects),
      input: async (id, role) => state.inputs.get(id)?.get(role)?.slice(),
      due: async (kind, at) => due(state, kind, at),
      purge: async (id) => purge(state, id),
      queuePosition: async (video) => queuePosition(state, video),
      waiting: async () => waiting(state),
      recent: async (backend, limit) => recent(state, backend, limit),
      kept: async (after, limit) => kept(state, after, limit),
      backendsInUse: async () =>
        [
          ...new Set([...videos.values()].filter((video) => isInLane(video, 'generate')).map((video) => video.backend)),
        ].sort(),
      heldBy: async (worker) =>
        new Set([...videos.values()].filter((video) => video.worker === worker).map(({ id }) => id)),
      openAttempts: async () =>
        [...videos.values()].flatMap(({ attempt }) =>
          attempt === null || attempt.state === 'closed' ? [] : [attempt],
        ),
      counts: async (owner) => counts(state, owner),
      nextDue: async (lane, backends, after) => nextDue(state, lane, backends, after),
      exists: async (id) => videos.has(id),
    },
    files: fileStore(state),
    events: { after: async (place, limit) => eventsAfter(state, place, limit) },
    workers: {
      renew: async (worker, until) => void workers.set(worker, until),
      remove: async (worker) => void workers.delete(worker),
      removeAll: async () => workers.clear(),
    },
    keys: keyStore(state),
    ledger: ledgerStore(state),
    secrets: {
      async ensure(name, fresh) {
        const known = secrets.get(name) ?? fresh;
        secrets.set(name, known);
        return known;
      },
    },
    backends: {
      async list() {
        const taken = (name: string) => [...state.slots.values()].filter(({ backend }) => backend === name).length;
        const known = [...backends.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
        return known.map((record) => ({ ...record, taken: taken(record.name) }));
      },
      async seen(names, at) {
        for (const name of names)
          backends.set(name, { name, state: 'open', changedAt: at, ...backends.get(name), seenAt: at });
      },
      async set(name, changed, at) {
        backends.set(name, { name, seenAt: backends.get(name)?.seenAt ?? 0, state: changed, changedAt: at });
      },
    },
    rate: {
      async take(backend, now, perSecond) {
        const at = Math.max(rates.get(backend) ?? 0, now);
        rates.set(backend, at + 1000 / perSecond);
        return Math.ceil(at - now);
      },
    },
    webhooks: webhookStore(state),
    audit: auditStore(state),
    async ping() {
      if (closed) throw new Error('The store is closed.');
    },
    async close() {
      closed = true;
    },
  };
}
