import { Fault } from '../../domain/fault.ts';
import type { FileFacts } from './protocol.ts';

/**
 * Looks at a video file: its boxes only, nothing is decoded.
 * @throws Fault `damaged_output`
 */
export async function inspectFile(path: string): Promise<FileFacts> {
  // Loaded when first needed: most media children only ever see pictures.
  const { inspectMp4File, Mp4Error } = await import('@inbetween/renderer');
  try {
    const { width, height, fps, frames, durationMs, codec, faststart } = await inspectMp4File(path);
    return { width, height, fps, frames, durationMs, codec, faststart };
  } catch (error) {
    if (!(error instanceof Mp4Error)) throw error;
    throw new Fault('damaged_output', 'The finished video file is damaged.', { cause: error });
  }
}
