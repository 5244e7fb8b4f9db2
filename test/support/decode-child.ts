/**
 * Decodes an MP4 with a codec library that only reads here: `node decode-child.ts <in.mp4> <first.yuv> <last.yuv>`.
 * Writes the first and last frame as I420 and prints what all frames are like. A process of its own, because a damaged
 * file can end the process that decodes it.
 *
 * The decoder is fed by hand: mediabunny's `VideoSampleSink` over node-webcodecs 1.3.0 stops for ever after some eighty
 * frames when each is waited for (`copyTo`) before the next is taken. It also labels pictures with the time of the packet
 * it read last, so times are the packets' own; without B-frames pictures come in their order.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { ALL_FORMATS, BufferSource, EncodedPacketSink, Input } from 'mediabunny';

process.env['NODE_WEBCODECS_FORCE'] = 'static';
// The decoder works on threads that do not keep the process alive by themselves.
setInterval(() => {}, 1_000);
const { VideoDecoder, VideoFrame, EncodedVideoChunk, VideoColorSpace } = await import('node-webcodecs');
Object.assign(globalThis, { VideoDecoder, VideoFrame, EncodedVideoChunk, VideoColorSpace });

const [source, firstFile, lastFile] = process.argv.slice(2);
if (source === undefined || firstFile === undefined || lastFile === undefined) throw new Error('give three files');
const input = new Input({ formats: ALL_FORMATS, source: new BufferSource(await readFile(source)) });
const track = await input.getPrimaryVideoTrack();
const config = await track?.getDecoderConfig();
if (track === null || config === null || config === undefined) throw new Error('no video track that can be decoded');

const times: number[] = [];
const decoded: Promise<{ width: number; height: number; bytes: Uint8Array }>[] = [];
const decoder = new VideoDecoder({
  output: (frame) => {
    const { codedWidth: width, codedHeight: height } = frame;
    const bytes = new Uint8Array(frame.allocationSize());
    const copied = Promise.resolve(frame.copyTo(bytes)).then(() => {
      frame.close();
      return { width, height, bytes };
    });
    decoded.push(copied);
  },
  error: (error) => {
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  },
});
decoder.configure(config as never);
for await (const packet of new EncodedPacketSink(track).packets()) {
  times.push(packet.timestamp);
  decoder.decode(packet.toEncodedVideoChunk() as never);
}
await decoder.flush();
const frames = await Promise.all(decoded);
const [first, last] = [frames[0], frames.at(-1)];
if (first === undefined || last === undefined) throw new Error('no frames');
if (frames.length !== times.length) throw new Error(`${frames.length} pictures of ${times.length} packets`);
await writeFile(firstFile, first.bytes);
await writeFile(lastFile, last.bytes);
const facts = frames.map(({ width, height, bytes }, index) => ({
  time: times[index],
  width,
  height,
  change: changeBetween(frames[index - 1]?.bytes ?? bytes, bytes),
}));
process.stdout.write(JSON.stringify(facts), () => process.exit(0));

/** Mean absolute difference, over every seventh byte: enough to tell a cut from a step, and quick. */
function changeBetween(one: Uint8Array, other: Uint8Array): number {
  let sum = 0;
  let count = 0;
  for (let at = 0; at < one.length; at += 7, count += 1) sum += Math.abs((one[at] ?? 0) - (other[at] ?? 0));
  return sum / count;
}
