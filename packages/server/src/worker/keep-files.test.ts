import { describe, expect, it } from 'vitest';
import { pngHeader } from '../../../../test/support/pictures.ts';
import { CALLER, createStage } from '../../../../test/support/stage.ts';
import { createFileKeeping } from './keep-files.ts';

const HOUR = 3_600_000;

describe('keeping files', () => {
  it('removes what is past its time, row and bytes, and nothing else', async () => {
    const stage = createStage({ policy: { fileTtlMs: HOUR } });
    const { uploads, artifacts, store, clock, log } = stage;
    const keep = createFileKeeping({ files: store.files, artifacts, clock, log });
    const bytes = pngHeader(1280, 720);
    const short = await uploads.upload(CALLER, { bytes, lifeMs: 60_000, param: 'file' });
    const usual = await uploads.upload(CALLER, { bytes, param: 'file' });
    await clock.advance(60_000);
    await expect(uploads.find(CALLER, short.id)).rejects.toMatchObject({ code: 'not_found' });
    await keep();
    expect(await artifacts.keys('files/')).toEqual([usual.artifact.key]);
    expect(await store.files.exists(short.id)).toBe(false);
    expect(await uploads.find(CALLER, usual.id)).toEqual(usual);
    await clock.advance(HOUR);
    await keep();
    expect(await artifacts.keys('files/')).toEqual([]);
  });

  it('removes bytes whose row was never written, once no upload can be about to write it', async () => {
    const stage = createStage();
    const { artifacts, store, clock, log } = stage;
    const keep = createFileKeeping({ files: store.files, artifacts, clock, log });
    await artifacts.put('files/file_00000000000000000000000009/0123', { bytes: pngHeader(300, 300) }, 'image/png');
    await artifacts.put('files/else', { bytes: pngHeader(300, 300) }, 'image/png');
    await keep();
    expect(await artifacts.keys('files/')).toHaveLength(2);
    await clock.advance(2 * HOUR);
    await keep();
    expect(await artifacts.keys('files/')).toEqual(['files/else']);
  });
});
