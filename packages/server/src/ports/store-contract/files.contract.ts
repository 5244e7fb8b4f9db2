import { expect, it } from 'vitest';
import type { StoredFile } from '../../domain/file.ts';
import type { FileId, OwnerId } from '../../domain/id.ts';
import { ALICE, BOB, NOW } from './fixtures.contract.ts';
import { type OpenStore, subject } from './subject.contract.ts';

const fileId = (n: number) => `file_${String(n).padStart(26, '0')}` as FileId;

function file(n: number, wish: { at?: number; owner?: OwnerId; expiresAt?: number | null } = {}): StoredFile {
  const { at = NOW, owner = ALICE, expiresAt = null } = wish;
  return {
    id: fileId(n),
    owner,
    createdAt: at,
    expiresAt,
    filename: 'Kätzchen “1”.png',
    purpose: 'frame',
    type: 'image/png',
    size: { width: 1280, height: 720 },
    artifact: { key: `files/${fileId(n)}/picture`, bytes: 10, sha256: 'ff', type: 'image/png' },
  };
}

export function filesContract(open: OpenStore): void {
  const at = subject(open);
  const idsOf = (files: readonly StoredFile[]) => files.map(({ id }) => id);

  it('keeps a file as it was given, for its owner alone', async () => {
    const { files } = at.store;
    expect(await files.add(file(1, { expiresAt: NOW + 5 }))).toBe(true);
    expect(await files.find(fileId(1), ALICE)).toStrictEqual(file(1, { expiresAt: NOW + 5 }));
    expect(await files.find(fileId(1), BOB)).toBeUndefined();
    expect(await files.find(fileId(2), ALICE)).toBeUndefined();
    expect([await files.exists(fileId(1)), await files.exists(fileId(2))]).toEqual([true, false]);
  });

  it('does not write over a file', async () => {
    const { files } = at.store;
    await files.add(file(1));
    expect(await files.add(file(1, { owner: BOB }))).toBe(false);
    expect((await files.find(fileId(1), ALICE))?.owner).toBe(ALICE);
  });

  it("lists an owner's files by creation, page by page, either way", async () => {
    const { files } = at.store;
    for (const n of [3, 1, 2]) await files.add(file(n));
    await files.add(file(4, { at: NOW - 1 }));
    await files.add(file(5, { owner: BOB }));
    const first = await files.list(ALICE, { limit: 3, order: 'asc' });
    expect([idsOf(first.items), first.hasMore]).toEqual([[4, 1, 2].map(fileId), true]);
    const second = await files.list(ALICE, { limit: 3, order: 'asc', after: fileId(2) });
    expect([idsOf(second.items), second.hasMore]).toEqual([[fileId(3)], false]);
    const down = await files.list(ALICE, { limit: 3, order: 'desc', after: fileId(2) });
    expect(idsOf(down.items)).toEqual([1, 4].map(fileId));
    for (const after of [fileId(9), fileId(5)]) {
      const page = files.list(ALICE, { limit: 3, order: 'asc', after });
      await expect(page).rejects.toMatchObject({ code: 'invalid_request', param: 'after' });
    }
  });

  it('tells what is past its time, and removes once', async () => {
    const { files } = at.store;
    await files.add(file(1, { expiresAt: NOW + 2 }));
    await files.add(file(2, { expiresAt: NOW + 1 }));
    await files.add(file(3));
    await files.add(file(4, { expiresAt: NOW + 3, owner: BOB }));
    expect(idsOf(await files.expired(NOW + 2, 10))).toEqual([2, 1].map(fileId));
    expect(idsOf(await files.expired(NOW + 9, 2))).toEqual([2, 1].map(fileId));
    expect([await files.remove(fileId(2)), await files.remove(fileId(2))]).toEqual([true, false]);
    expect(idsOf(await files.expired(NOW + 9, 9))).toEqual([1, 4].map(fileId));
  });
}
