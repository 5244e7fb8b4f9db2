/** A Motion-JPEG AVI, as stable-diffusion.cpp writes it: each frame is a JPEG of its own. */
export interface MotionJpeg {
  readonly fps: number;
  readonly jpegs: readonly Uint8Array[];
}

/** The file is an AVI and cannot be read; the message says why. */
export class AviError extends Error {
  override readonly name = 'AviError';
}

/** Whether a file says of itself that it is an AVI. */
export function isAvi(file: Uint8Array): boolean {
  return file.length >= 12 && textAt(file, 0) === 'RIFF' && textAt(file, 8) === 'AVI ';
}

/** Far more than the five seconds that were asked for. */
const MOST_FRAMES = 3_000;

/**
 * Reads the frames of the first video stream (Microsoft's "AVI RIFF File Reference"). Later parts of files beyond 1 GB are
 * not read. Throws AviError on a file that was cut off, or holds another codec.
 */
export function readMotionJpeg(file: Uint8Array): MotionJpeg {
  if (!isAvi(file)) throw new AviError('the file is no AVI');
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const end = 8 + view.getUint32(4, true);
  if (end > file.length) throw new AviError('the file is cut off');
  let fps: number | undefined;
  let stream = -1;
  const jpegs: Uint8Array[] = [];
  const frameName = () => `${String(Math.max(0, stream)).padStart(2, '0')}d`;
  let streams = 0;

  function visit(from: number, to: number): void {
    for (let at = from; at + 8 <= to; ) {
      const name = textAt(file, at);
      const size = view.getUint32(at + 4, true);
      const body = at + 8;
      if (body + size > to) throw new AviError(`the part "${name}" is cut off`);
      if (name === 'LIST') visit(body + 4, body + size);
      else if (name === 'strh') readStream(body, size);
      // `00dc` and `00db`: a compressed or plain frame of stream 0. An empty one repeats the frame before it.
      else if (size > 0 && stream >= 0 && name.startsWith(frameName())) takeFrame(body, size);
      at = body + size + (size % 2);
    }
  }

  function readStream(body: number, size: number): void {
    const number = streams;
    streams += 1;
    if (size < 28 || textAt(file, body) !== 'vids' || stream >= 0) return;
    stream = number;
    if (textAt(file, body + 4).toUpperCase() !== 'MJPG') {
      throw new AviError(`the AVI holds "${textAt(file, body + 4)}", not Motion JPEG`);
    }
    const [scale, rate] = [view.getUint32(body + 20, true), view.getUint32(body + 24, true)];
    if (scale > 0 && rate > 0) fps = rate / scale;
  }

  function takeFrame(body: number, size: number): void {
    jpegs.push(file.subarray(body, body + size));
    if (jpegs.length > MOST_FRAMES) throw new AviError(`the video has more than ${MOST_FRAMES} frames`);
  }

  visit(12, end);
  if (stream < 0) throw new AviError('the file has no video stream');
  if (jpegs.length === 0) throw new AviError('the video has no frames');
  if (fps === undefined || fps > 240) throw new AviError('the AVI has no usable frame rate');
  return { fps, jpegs };
}

function textAt(file: Uint8Array, at: number): string {
  return String.fromCharCode(...file.subarray(at, at + 4));
}
