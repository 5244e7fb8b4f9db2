/**
 * Decodes an MP4 with a codec library that only reads here: `node decode-child.ts <in.mp4> <first.yuv> <last.yuv>`.
 * Writes the first and last frame as I420 and prints what all frames are like. A process of its own, because a damaged
 * file can end the process that decodes it.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { ALL_FORMATS, BufferSource, Input, VideoSampleSink } from 'mediabunny';

process.env['NODE_WEBCODECS_FORCE'] = 'static';
const { VideoDecoder, VideoFrame, EncodedVideoChunk, VideoColorSpace } = await import('node-webcodecs');
Object.assign(globalThis, { VideoDecoder, VideoFrame, EncodedVideoChunk, VideoColorSpace });

const [source, firstFile, lastFile] = process.argv.slice(2);
if (source === undefined || firstFile === undefined || lastFile === undefined) throw new Error('give three files');
const input = new Input({ formats: ALL_FORMATS, source: new BufferSource(await readFile(source)) });
const track = await input.getPrimaryVideoTrack();
if (track === null) throw new Error('no video track');

const frames: { time: number; width: number; height: number; change: number }[] = [];
let first: Uint8Array | undefined;
let last: Uint8Array | undefined;
for await (const sample of new VideoSampleSink(track).samples()) {
  const bytes = new Uint8Array(sample.allocationSize());
  await sample.copyTo(bytes);
  const { timestamp: time, codedWidth: width, codedHeight: height } = sample;
  sample.close();
  frames.push({ time, width, height, change: last === undefined ? 0 : changeBetween(last, bytes) });
  first ??= bytes;
  last = bytes;
}
if (first === undefined || last === undefined) throw new Error('no frames');
await writeFile(firstFile, first);
await writeFile(lastFile, last);
process.stdout.write(JSON.stringify(frames));
process.exit(0);

/** Mean absolute difference, over every seventh byte: enough to tell a cut from a step, and quick. */
function changeBetween(one: Uint8Array, other: Uint8Array): number {
  let sum = 0;
  let count = 0;
  for (let at = 0; at < one.length; at += 7, count += 1) sum += Math.abs((one[at] ?? 0) - (other[at] ?? 0));
  return sum / count;
}
