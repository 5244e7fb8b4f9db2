import type { Inbetweener, Mode, OpenInbetweener, RgbPicture } from '../src/contract.ts';
import { toI420 } from '../src/motion/render/i420.ts';
import { yuvBytes } from '../src/picture/yuv.ts';

/** What the stand-in did, for tests that watch it. */
export interface DissolveLog {
  opened: number;
  closed: number;
  rendered: number[];
}

/** A stand-in for the real inbetweener: a plain dissolve, exact at both ends, without threads. */
export function dissolve(mode: Mode = 'morph', log: DissolveLog = newLog()): OpenInbetweener {
  return async (first, last, _wish, options): Promise<Inbetweener> => {
    options.signal?.throwIfAborted();
    log.opened++;
    const from = convert(first);
    const to = convert(last);
    options.onProgress?.(0.5);
    options.onProgress?.(1);
    return {
      report: { mode, matchConfidence: 0.5 },
      async frame(s, into) {
        log.rendered.push(s);
        await new Promise<void>((resolve) => setImmediate(resolve));
        for (let index = 0; index < from.length; index++) {
          into.data[index] = Math.round((from[index] ?? 0) * (1 - s) + (to[index] ?? 0) * s);
        }
      },
      async close() {
        log.closed++;
      },
    };
  };
}

function convert(picture: RgbPicture): Uint8Array {
  const out = new Uint8Array(yuvBytes(picture.width, picture.height));
  toI420(picture, out);
  return out;
}

/** An empty log. */
export function newLog(): DissolveLog {
  return { opened: 0, closed: 0, rendered: [] };
}
