/** Entry of a finishing child: one foreign video is decoded here, by native code that it may crash. */
import { type FinishPlan, ForeignVideoError, finishVideo, watermarkText } from '@inbetween/renderer';
import { Fault } from '../../../domain/fault.ts';
import { childMain } from '../../system/child-main.ts';
import { asStorageFailure } from '../../system/storage-full.ts';
import type { SentAnswer, SentOrder } from './protocol.ts';

childMain('finish', async (body, { send, signal }) => {
  const answer = await carryOut(body as SentOrder, signal);
  if (answer !== undefined) send(answer);
});

async function carryOut(order: SentOrder, signal: AbortSignal): Promise<SentAnswer | undefined> {
  const { input, frames, outputs, tags, watermarkFor, watermarked, matchTail, encoder } = order;
  const plan: FinishPlan = {
    input,
    ...frames,
    ...outputs,
    metadata: tags,
    watermarked,
    matchTail,
    encoder,
    ...(watermarkFor === undefined ? {} : { watermark: watermarkText(watermarkFor) }),
  };
  try {
    return { kind: 'finished', ...(await finishVideo(plan, signal)) };
  } catch (error) {
    // Whoever asked us to stop knows.
    if (signal.aborted) return undefined;
    if (error instanceof ForeignVideoError) return { kind: 'damaged', reason: error.message };
    const failure = asStorageFailure(error);
    // A failure nobody expected ends the child; its stack on stderr becomes the cause of the parent's fault.
    if (!(failure instanceof Fault)) throw failure;
    return { kind: 'storage-full' };
  }
}
