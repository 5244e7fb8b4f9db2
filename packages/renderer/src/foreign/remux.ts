import { BufferTarget, EncodedVideoPacketSource, Mp4OutputFormat, Output } from 'mediabunny';
import { ForeignVideoError } from './foreign-video-error.ts';
import type { TrackVideo } from './open.ts';

/**
 * The same pictures, bit for bit, in an MP4 of our own: nothing of the container they came in is kept, and so nothing that
 * somebody wrote into it. Sound is left out, as the API's videos are silent.
 */
export async function remux({ packets, config }: TrackVideo): Promise<Uint8Array> {
  const target = new BufferTarget();
  const output = new Output({ format: new Mp4OutputFormat({ fastStart: 'in-memory' }), target });
  const source = new EncodedVideoPacketSource('avc');
  output.addVideoTrack(source);
  const first = Math.min(...packets.map(({ timestamp }) => timestamp));
  try {
    await output.start();
    for (const [index, packet] of packets.entries()) {
      const moved = packet.clone({ timestamp: packet.timestamp - first });
      await source.add(moved, index === 0 ? { decoderConfig: config } : undefined);
    }
    await output.finalize();
  } catch (error) {
    if (output.state === 'started') await output.cancel();
    throw new ForeignVideoError('the video cannot be written as an MP4', { cause: error });
  }
  if (target.buffer === null) throw new Error('the muxer gave no file');
  return new Uint8Array(target.buffer);
}
