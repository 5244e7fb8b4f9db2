import type { Inbetweener, YuvPicture } from '../contract.ts';
import { newYuvPicture } from '../picture/yuv.ts';

/** Where frames come from, and what ends them. */
export interface FrameSource {
  readonly inbetweener: Inbetweener;
  readonly width: number;
  readonly height: number;
  readonly signal: AbortSignal | undefined;
}

/**
 * Gives the frames of these eased times (0..1) in order, while up to `ahead` of them are being rendered; that is also
 * the number of pictures in memory. The picture given is the caller's until it asks for the next one; then its buffer
 * is filled again. Throws the signal's reason when aborted.
 */
export async function* framesInOrder(
  { inbetweener, width, height, signal }: FrameSource,
  times: Float64Array,
  ahead: number,
): AsyncGenerator<YuvPicture, void, void> {
  const ring = Array.from({ length: Math.min(ahead, times.length) }, () => newYuvPicture(width, height));
  const pending: Promise<void>[] = [];
  const start = (index: number): void => {
    const rendering = inbetweener.frame(times[index]!, ring[index % ring.length]!);
    // An earlier frame may fail first; this one's failure is then told by nobody, and must not end the process.
    rendering.catch(() => undefined);
    pending.push(rendering);
  };
  for (let index = 0; index < ring.length; index++) start(index);
  for (let index = 0; index < times.length; index++) {
    signal?.throwIfAborted();
    await pending.shift();
    signal?.throwIfAborted();
    yield ring[index % ring.length]!;
    if (index + ring.length < times.length) start(index + ring.length);
  }
}
