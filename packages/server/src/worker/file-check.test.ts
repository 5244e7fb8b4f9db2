import { describe, expect, it } from 'vitest';
import { CALLER, createStage } from '../../../../test/support/stage.ts';
import type { Video } from '../domain/video.ts';

const HOUR = 3_600_000;

async function finished(count: number) {
  const stage = createStage({ slots: 4 });
  await stage.running();
  const videos: Video[] = [];
  for (let n = 0; n < count; n += 1) videos.push(await stage.until(await stage.submit(), 'succeeded'));
  const nextLook = async () => {
    await stage.clock.leap(HOUR);
    await stage.clock.advance(10_000);
  };
  const warned = async (video: Video | undefined) =>
    (await stage.row(video ?? { id: 'none' as Video['id'] })).warnings.filter(({ code }) => code === 'file_missing')
      .length;
  return { ...stage, made: videos, nextLook, warned };
}

describe('rows without files', () => {
  it('are marked once and told to the operator, and nothing else changes', async () => {
    const { made, artifacts, nextLook, warned, row, log, meter, events, videos } = await finished(3);
    const [lost, whole] = made;
    await artifacts.remove(lost?.result?.video.key ?? '');
    await nextLook();
    expect([await warned(lost), await warned(whole)]).toEqual([1, 0]);
    const marked = await row(lost ?? { id: 'none' as Video['id'] });
    expect(marked).toMatchObject({ status: 'succeeded', expired: false, result: lost?.result });
    const told = log.of('error');
    expect(told).toMatchObject([{ facts: { video: lost?.id, keys: [lost?.result?.video.key] } }]);
    await nextLook();
    expect((await row(marked)).version).toBe(marked.version);
    expect(log.of('error')).toEqual(told);
    expect(meter.counted('inbetween_videos_without_files_total')).toBe(1);
    expect(events(marked).at(-1)).toBe('video.succeeded');
    const content = await videos.content(CALLER, marked.id, 'video');
    await expect(content.open(undefined, new AbortController().signal)).rejects.toMatchObject({
      code: 'content_expired',
    });
  });

  it('are not marked when it is the storage that is gone', async () => {
    const { made, artifacts, nextLook, warned, log } = await finished(6);
    const { list } = artifacts;
    artifacts.list = async function* () {};
    await nextLook();
    for (const video of made) expect(await warned(video)).toBe(0);
    expect(log.of('error').map(({ message }) => message)).toEqual([
      'most files are missing: is the storage there? Nothing was marked',
    ]);
    artifacts.list = list;
    await nextLook();
    expect(log.of('error')).toHaveLength(1);
  });

  it('are looked for again when a look failed', async () => {
    const { made, artifacts, nextLook, warned } = await finished(2);
    await artifacts.remove(made[0]?.result?.video.key ?? '');
    const { list } = artifacts;
    artifacts.list = () => {
      throw new Error('EIO');
    };
    await nextLook();
    artifacts.list = list;
    await nextLook();
    expect(await warned(made[0])).toBe(1);
  });
});
