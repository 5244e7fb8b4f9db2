import { describe, expect, it } from 'vitest';
import { artifactsContract } from '../../ports/artifacts.contract.ts';
import { createMemoryArtifacts } from './memory.ts';

artifactsContract('memory', async () => createMemoryArtifacts());
artifactsContract('memory with a capacity', async () => createMemoryArtifacts({ capacityBytes: 50_000_000 }));

describe('memory artifacts', () => {
  it('is full when its capacity is used, and a replaced file gives its room back', async () => {
    const store = createMemoryArtifacts({ capacityBytes: 10 });
    await store.put('a', { bytes: Buffer.alloc(8) }, 'text/plain');
    expect(await store.freeBytes()).toBe(2);
    await expect(store.put('b', { bytes: Buffer.alloc(3) }, 'text/plain')).rejects.toMatchObject({
      code: 'storage_full',
    });
    await store.put('a', { bytes: Buffer.alloc(10) }, 'text/plain');
    await store.remove('a');
    expect(await store.freeBytes()).toBe(10);
  });

  it('tells the time it was given', async () => {
    const store = createMemoryArtifacts({ now: () => 42 });
    await store.put('a', { bytes: Buffer.alloc(1) }, 'text/plain');
    for await (const file of store.list('')) expect(file).toEqual({ key: 'a', writtenAt: 42 });
  });
});
