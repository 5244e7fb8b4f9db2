import type { KeyStore } from '../../../ports/store.ts';
import { frozen, type State } from './state.ts';

/** Owners and their keys. */
export function keyStore({ owners, keys }: State): KeyStore {
  return {
    owner: async (id) => owners.get(id),
    async addOwner(owner) {
      if (owners.has(owner.id)) return false;
      owners.set(owner.id, frozen(owner));
      return true;
    },
    async owners({ limit, after }) {
      const found = [...owners.values()]
        .filter(({ id }) => after === undefined || id > after)
        .sort((a, b) => (a.id < b.id ? -1 : 1));
      return { items: found.slice(0, limit), hasMore: found.length > limit };
    },
    async setLimits(id, limits) {
      const owner = owners.get(id);
      if (owner !== undefined) owners.set(id, frozen({ ...owner, limits }));
      return owner !== undefined;
    },
    async add(key) {
      const known = [...keys.values()].some(({ id, hash }) => id === key.id || hash === key.hash);
      if (known) throw new Error(`${key.id} or its hash is stored already`);
      keys.set(key.id, frozen(key));
    },
    byHash: async (hash) => [...keys.values()].find((key) => key.hash === hash),
    list: async (owner) =>
      [...keys.values()]
        .filter((key) => owner === undefined || key.owner === owner)
        .sort((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1)),
    async revoke(id, at) {
      const key = keys.get(id);
      if (key === undefined || key.revokedAt !== null) return false;
      keys.set(id, frozen({ ...key, revokedAt: at }));
      return true;
    },
    async touch(uses) {
      for (const [id, at] of uses) {
        const key = keys.get(id);
        if (key !== undefined && (key.lastUsedAt ?? 0) < at) keys.set(id, frozen({ ...key, lastUsedAt: at }));
      }
    },
  };
}
