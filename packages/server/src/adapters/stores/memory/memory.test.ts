import { describe, expect, it } from 'vitest';
import { storeContract } from '../../../ports/store.contract.ts';
import { pending } from '../../../ports/store-contract/fixtures.contract.ts';
import { emptyState } from './state.ts';
import { createMemoryStore } from './store.ts';

storeContract('memory', async () => {
  const state = emptyState();
  return {
    store: createMemoryStore(state),
    events: async (id) =>
      state.events.filter(({ video }) => video === id).map(({ type, at, version }) => ({ type, at, version })),
    async close() {},
  };
});

describe('memory store', () => {
  it('hands out frozen values', async () => {
    const store = createMemoryStore();
    await store.videos.insert(pending(1), {});
    const found = await store.videos.find(pending(1).id);
    expect(() => Object.assign(found?.generation ?? {}, { prompt: 'changed' })).toThrow(TypeError);
  });
});
