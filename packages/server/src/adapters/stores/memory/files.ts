import { Fault } from '../../../domain/fault.ts';
import type { StoredFile } from '../../../domain/file.ts';
import type { FileStore } from '../../../ports/store.ts';
import { frozen, type State } from './state.ts';

/** Uploaded pictures. */
export function fileStore({ files }: State): FileStore {
  const inOrder = (a: StoredFile, b: StoredFile) =>
    a.createdAt - b.createdAt || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
  return {
    async add(file) {
      if (files.has(file.id)) return false;
      files.set(file.id, frozen(file));
      return true;
    },
    async find(id, owner) {
      const file = files.get(id);
      return file?.owner === owner ? file : undefined;
    },
    async list(owner, { limit, after, order }) {
      const sign = order === 'asc' ? 1 : -1;
      const cursor = after === undefined ? undefined : files.get(after);
      if (after !== undefined && cursor?.owner !== owner)
        throw new Fault('invalid_request', `after: there is no file "${after}".`, { param: 'after' });
      const matching = [...files.values()]
        .filter((file) => file.owner === owner && (cursor === undefined || sign * inOrder(file, cursor) > 0))
        .sort((a, b) => sign * inOrder(a, b));
      return { items: matching.slice(0, limit), hasMore: matching.length > limit };
    },
    remove: async (id) => files.delete(id),
    expired: async (now, limit) =>
      [...files.values()]
        .filter(({ expiresAt }) => expiresAt !== null && expiresAt <= now)
        .sort((a, b) => (a.expiresAt ?? 0) - (b.expiresAt ?? 0) || inOrder(a, b))
        .slice(0, limit),
    exists: async (id) => files.has(id),
  };
}
