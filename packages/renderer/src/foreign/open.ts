import { ALL_FORMATS, BufferSource, type EncodedPacket, EncodedPacketSink, Input } from 'mediabunny';
import { listBoxes, readType } from '../mp4/boxes.ts';
import { isAvi, type MotionJpeg, readMotionJpeg } from './avi.ts';
import { ForeignVideoError } from './foreign-video-error.ts';

/** A video file from elsewhere, opened. */
export type ForeignVideo = TrackVideo | (MotionJpeg & { readonly kind: 'avi'; readonly frames: number });

/** Its first video track, its packets, and how it says it is to be decoded. */
export interface TrackVideo {
  readonly kind: 'track';
  readonly config: VideoDecoderConfig;
  /** Decode order. */
  readonly packets: readonly EncodedPacket[];
  readonly frames: number;
  /** Mean frames a second. */
  readonly fps: number;
}

/** An upstream's five seconds have about 150 frames; far more is not what was asked for. */
const MOST_FRAMES = 3_000;

/** Opens an MP4, WebM, MOV, MKV, AVI, … Nothing is decoded yet. Throws ForeignVideoError. */
export async function openForeign(file: Uint8Array): Promise<ForeignVideo> {
  try {
    if (isAvi(file)) {
      const video = readMotionJpeg(file);
      return { kind: 'avi', ...video, frames: video.jpegs.length };
    }
    checkWhole(file);
    const input = new Input({ formats: ALL_FORMATS, source: new BufferSource(file) });
    const track = await input.getPrimaryVideoTrack();
    if (track === null) throw new ForeignVideoError('the file has no video track');
    const config = await track.getDecoderConfig();
    if (config === null) throw new ForeignVideoError('the codec of the video is not known');
    const packets: EncodedPacket[] = [];
    for await (const packet of new EncodedPacketSink(track).packets()) {
      packets.push(packet);
      if (packets.length > MOST_FRAMES) throw new ForeignVideoError(`the video has more than ${MOST_FRAMES} frames`);
    }
    return { kind: 'track', config, packets, frames: packets.length, fps: fpsOf(packets) };
  } catch (error) {
    if (error instanceof ForeignVideoError) throw error;
    throw new ForeignVideoError(error instanceof Error ? error.message : 'the file cannot be read', { cause: error });
  }
}

/** An MP4 that was cut off still opens: only its boxes tell that something is missing. Throws Mp4Error. */
function checkWhole(file: Uint8Array): void {
  if (file.length >= 8 && readType(file, 4) === 'ftyp') listBoxes(file);
}

/** From the first to the last picture, and the last one's own duration. */
function fpsOf(packets: readonly EncodedPacket[]): number {
  if (packets.length === 0) throw new ForeignVideoError('the video has no frames');
  const times = packets.map(({ timestamp }) => timestamp).toSorted((a, b) => a - b);
  const span = (times.at(-1) ?? 0) - (times[0] ?? 0);
  if (packets.length > 1 && span > 0) return (packets.length - 1) / span;
  const duration = packets[0]?.duration ?? 0;
  return duration > 0 ? 1 / duration : 16;
}
