import type { Inbetweener, View, YuvPicture } from '../contract.ts';
import { newYuvPicture } from '../picture/yuv.ts';

/** One frame of a clip: its eased time 0..1, and how it is looked at if not plainly. */
export interface Moment {
  readonly s: number;
  readonly view?: View | undefined;
}

/** Where frames come from, and what ends them. */
export interface FrameSource {
  readonly inbetweener: Inbetweener;
  readonly width: number;
  readonly height: number;
  readonly signal: AbortSignal | undefined;
}

/**
 * Gives the frames of these moments in order, while up to `ahead` of them are being rendered; that is also
 * the number of pictures in memory. The picture given is the caller's until it asks for the next one; then its buffer
 * is filled again. Throws the signal's reason when aborted.
 */
export async function* framesInOrder(
  { inbetweener, width, height, signal }: FrameSource,
  moments: readonly Moment[],
  ahead: number,
): AsyncGenerator<YuvPicture, void, void> {
  const ring = Array.from({ length: Math.min(ahead, moments.length) }, () => newYuvPicture(width, height));
  const pending: Promise<void>[] = [];
  const start = (index: number): void => {
    const { s, view } = moments[index]!;
    const rendering = inbetweener.frame(s, ring[index % ring.length]!, view);
    // An earlier frame may fail first; this one's failure is then told by nobody, and must not end the process.
    rendering.catch(() => undefined);
    pending.push(rendering);
  };
  for (let index = 0; index < ring.length; index++) start(index);
  for (let index = 0; index < moments.length; index++) {
    signal?.throwIfAborted();
    await pending.shift();
    signal?.throwIfAborted();
    yield ring[index % ring.length]!;
    if (index + ring.length < moments.length) start(index + ring.length);
  }
}
