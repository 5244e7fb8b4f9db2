/** Entry of the media child: the process in which pictures and foreign video files are read. */
import sharp from 'sharp';
import { Fault } from '../../domain/fault.ts';
import { childMain } from '../system/child-main.ts';
import { asStorageFailure } from '../system/storage-full.ts';
import { blockForeignFormats } from './decode.ts';
import { inspectFile } from './inspect-file.ts';
import { preparePair } from './prepare-pair.ts';
import { type MediaAnswer, type MediaOrder, packFault } from './protocol.ts';
import { rescalePair } from './rescale-pair.ts';

blockForeignFormats();
// Nothing is ever decoded twice, so a cache only holds memory.
sharp.cache(false);
// A pair keeps two threads busy by itself; more of them per picture cost memory and gain little.
sharp.concurrency(2);

childMain('media', async (body, { send }) => {
  const order = body as MediaOrder;
  send(await answer(order));
});

async function answer(order: MediaOrder): Promise<MediaAnswer> {
  try {
    switch (order.kind) {
      case 'prepare':
        return { id: order.id, kind: 'prepared', pair: await preparePair(order.tier, order.inputs, order.outputs) };
      case 'rescale':
        await rescalePair(order.to, order.inputs, order.outputs);
        return { id: order.id, kind: 'rescaled' };
      case 'inspect':
        return { id: order.id, kind: 'inspected', file: await inspectFile(order.path) };
    }
  } catch (error) {
    const failure = asStorageFailure(error);
    // Anything but a fault is a bug or a machine in trouble: the child ends, and the parent tells it as such.
    if (!(failure instanceof Fault)) throw failure;
    return { id: order.id, kind: 'fault', fault: packFault(failure) };
  }
}
