/** Entry of a render child: the process in which one attempt's frames are computed and encoded. */
import { join } from 'node:path';
import { type EncoderChoice, renderVideo, watermarkText } from '@inbetween/renderer';
import sharp from 'sharp';
import { Fault } from '../../../domain/fault.ts';
import { type ChildWork, childMain } from '../../system/child-main.ts';
import { asStorageFailure } from '../../system/storage-full.ts';
import type { RenderAnswer, RenderOrder } from './protocol.ts';

/** Frames of the clip that checks the installation; two are the fewest there are. */
const CHECK_FRAMES = 2;
const CHECK_SIDE = 64;

childMain('render', async (body, { send, signal }) => {
  const answer = await carryOut(body as RenderOrder, { send, signal });
  if (answer !== undefined) send(answer);
});

async function carryOut(order: RenderOrder, work: ChildWork): Promise<RenderAnswer | undefined> {
  try {
    switch (order.kind) {
      case 'render':
        return await render(order, work);
      case 'check':
        return { kind: 'checked', problem: await problemWith(order.encoder, order.folder, work.signal) };
    }
  } catch (error) {
    // Whoever asked us to stop knows.
    if (work.signal.aborted) return undefined;
    const failure = asStorageFailure(error);
    // A failure nobody expected ends the child; its stack on stderr becomes the cause of the parent's fault.
    if (!(failure instanceof Fault)) throw failure;
    return { kind: 'storage-full' };
  }
}

async function render(order: RenderOrder & { kind: 'render' }, { send, signal }: ChildWork): Promise<RenderAnswer> {
  const { plan } = order;
  const report = await renderVideo(order.watermark ? { ...plan, watermark: watermarkText(plan.prompt) } : plan, {
    onProgress: ({ fraction }) => send({ kind: 'progress', fraction } satisfies RenderAnswer),
    signal,
  });
  const { mode, matchConfidence, honoured, ignored, encoder, generative } = report;
  return { kind: 'rendered', report: { mode, matchConfidence, honoured, ignored, encoder, generative } };
}

/** Makes a tiny clip with everything a real one needs. Returns what went wrong, in the renderer's words. */
async function problemWith(encoder: EncoderChoice, folder: string, signal: AbortSignal): Promise<string | null> {
  const frame = async (name: string, background: string) => {
    const path = join(folder, name);
    await sharp({ create: { width: CHECK_SIDE, height: CHECK_SIDE, channels: 3, background } }).toFile(path);
    return path;
  };
  try {
    const plan = {
      first: await frame('first.png', '#204060'),
      last: await frame('last.png', '#604020'),
      video: join(folder, 'video.mp4'),
      fps: 30,
      frames: CHECK_FRAMES,
      seed: 0,
      prompt: '',
      negativePrompt: '',
      encoder,
      threads: 1,
    };
    await renderVideo(plan, { signal });
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : 'unknown';
  }
}
