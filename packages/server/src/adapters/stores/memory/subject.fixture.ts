import type { OpenedStore } from '../../../ports/store.contract.ts';
import { emptyState } from './state.ts';
import { createMemoryStore } from './store.ts';

/** A store of its own. */
export async function openEmpty(): Promise<OpenedStore> {
  const state = emptyState();
  return {
    store: createMemoryStore(state),
    events: async (id) =>
      state.events.filter(({ video }) => video === id).map(({ type, at, version }) => ({ type, at, version })),
    async close() {},
  };
}
