import { describe, expect, it } from 'vitest';
import { storeContract } from '../../../ports/store.contract.ts';
import { pending } from '../../../ports/store-contract/fixtures.contract.ts';
import { createMemoryStore } from './store.ts';
import { openEmpty } from './subject.fixture.ts';

storeContract('memory', openEmpty);

describe('memory store', () => {
  it('hands out frozen values', async () => {
    const store = createMemoryStore();
    await store.videos.insert(pending(1), {});
    const found = await store.videos.find(pending(1).id);
    expect(() => Object.assign(found?.generation ?? {}, { prompt: 'changed' })).toThrow(TypeError);
  });
});
