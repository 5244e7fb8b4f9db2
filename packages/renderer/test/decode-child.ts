/** Decodes an MP4 into one file of raw I420 frames: `node decode-child.ts <in.mp4> <out.yuv>`. Prints frame times. */
import { readFile, writeFile } from 'node:fs/promises';
import { ALL_FORMATS, BufferSource, Input, VideoSampleSink } from 'mediabunny';

process.env['NODE_WEBCODECS_FORCE'] = 'static';
// The decoder works on threads that do not keep the process alive by themselves.
setInterval(() => {}, 1_000);
const { VideoDecoder, VideoFrame, EncodedVideoChunk, VideoColorSpace } = await import('node-webcodecs');
Object.assign(globalThis, { VideoDecoder, VideoFrame, EncodedVideoChunk, VideoColorSpace });

const [source, target] = process.argv.slice(2);
if (source === undefined || target === undefined) throw new Error('give a source and a target');
const input = new Input({ formats: ALL_FORMATS, source: new BufferSource(await readFile(source)) });
const track = await input.getPrimaryVideoTrack();
if (track === null) throw new Error('no video track');
const frames: Uint8Array[] = [];
const times: number[] = [];
for await (const sample of new VideoSampleSink(track).samples()) {
  const bytes = new Uint8Array(sample.allocationSize());
  await sample.copyTo(bytes);
  frames.push(bytes);
  times.push(sample.timestamp);
  sample.close();
}
await writeFile(target, Buffer.concat(frames));
process.stdout.write(JSON.stringify({ times }));
process.exit(0);
