import { open } from 'node:fs/promises';
import { Fault } from '../../domain/fault.ts';
import type { FileFacts } from './protocol.ts';

/** The file is read into memory as a whole; five seconds of video are a few megabytes. */
const MAX_BYTES = 512 * 1024 * 1024;

/**
 * Looks at a video file: its boxes only, nothing is decoded.
 * @throws Fault `damaged_output`
 */
export async function inspectFile(path: string): Promise<FileFacts> {
  const bytes = await readWhole(path);
  // Loaded when first needed: most media children only ever see pictures.
  const { inspectMp4 } = await import('@inbetween/renderer');
  try {
    const { width, height, fps, frames, durationMs, codec, faststart } = inspectMp4(bytes);
    return { width, height, fps, frames, durationMs, codec, faststart };
  } catch (error) {
    throw new Fault('damaged_output', 'The finished video file is damaged.', { cause: error });
  }
}

async function readWhole(path: string): Promise<Uint8Array> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    if (size > MAX_BYTES) throw new Fault('damaged_output', `The finished video has ${size} bytes, which is too many.`);
    return await file.readFile();
  } finally {
    await file.close();
  }
}
