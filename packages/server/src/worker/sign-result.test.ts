import { expect, it } from 'vitest';
import { createStage } from '../../../../test/support/stage.ts';
import type { Provenance, SignOrder } from '../ports/provenance.ts';

async function opened(sign: Provenance['sign'] | undefined) {
  const orders: SignOrder[] = [];
  const stage = createStage(
    sign === undefined
      ? {}
      : {
          provenance: (files) => ({
            async sign(order, signal) {
              orders.push(order);
              const signed = await sign(order, signal);
              files.set(
                order.output,
                Buffer.concat([files.get(order.input) ?? Buffer.alloc(0), Buffer.from(' signed')]),
              );
              return signed;
            },
          }),
        },
  );
  await stage.running();
  return { ...stage, orders };
}

const SIGNED = { signer: 'us', sourceType: 'trainedAlgorithmicMedia' };

it('signs what is finished before it is stored, and tells so among the labels', async () => {
  const stage = await opened(async () => SIGNED);
  const video = await stage.submit();
  const done = await stage.until(video, 'succeeded');
  expect(stage.orders).toMatchObject([{ video: video.id, generative: true }]);
  expect(done.result?.report['labels']).toMatchObject({
    c2pa: { signer: 'us', digital_source_type: 'trainedAlgorithmicMedia' },
  });
  const stored = await stage.artifacts.open(done.result?.video.key ?? '');
  const parts: Uint8Array[] = [];
  for await (const part of stored?.stream ?? []) parts.push(part);
  expect(Buffer.concat(parts).toString()).toMatch(/ signed$/);
});

it('stores nothing unsigned: a video that cannot be signed fails', async () => {
  const stage = await opened(async () => {
    throw new Error('the certificate expired');
  });
  const video = await stage.submit();
  const done = await stage.until(video, 'failed');
  expect(done.failure?.code).toBe('internal_error');
  expect(JSON.stringify(done)).not.toContain('certificate');
  expect((await stage.artifacts.keys(`videos/${video.id}/`)).filter((key) => key.endsWith('.mp4'))).toEqual([]);
  expect(JSON.stringify(stage.log.of('warn').map(({ facts }) => String((facts as { err: unknown }).err)))).toContain(
    'the certificate expired',
  );
});

it('signs nothing where nothing is set', async () => {
  const stage = await opened(undefined);
  const done = await stage.until(await stage.submit(), 'succeeded');
  expect(done.result?.report['labels'] ?? {}).not.toHaveProperty('c2pa');
});
