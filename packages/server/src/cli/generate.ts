import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { Inbetween, InbetweenError, type VideoObject } from '@inbetween/client';
import { defineCommand } from 'citty';
import { prepareFile } from '../compose/output-place.ts';
import { type RunningServer, startServer } from '../compose/server.ts';
import { CommandFailure, say } from './console.ts';
import { showProgress } from './progress.ts';
import { settle } from './settings.ts';
import { writeWhole } from './write-whole.ts';

/** `inbetween generate`: two pictures in, an MP4 out. */
export const generateCommand = defineCommand({
  meta: {
    name: 'generate',
    description: 'Makes the video between two pictures; without --url in this process, by the built-in renderer.',
  },
  args: {
    first: {
      type: 'positional',
      description: 'First frame: a JPEG, PNG, WEBP or BMP file, or an http(s) URL',
      required: true,
    },
    last: {
      type: 'positional',
      description: 'Last frame, likewise; it is cropped to the aspect of the first',
      required: true,
    },
    output: { type: 'string', alias: 'o', description: 'File to write', default: 'out.mp4', valueHint: 'file' },
    prompt: { type: 'string', description: 'What happens in between (at most 800 characters)', valueHint: 'text' },
    'negative-prompt': { type: 'string', description: 'What to avoid (at most 500 characters)', valueHint: 'text' },
    model: { type: 'string', description: 'Model to ask for', default: 'wan2.2-kf2v-flash', valueHint: 'name' },
    size: { type: 'string', description: '480P, 720P or 1080P', default: '720P', valueHint: 'tier' },
    seed: { type: 'string', description: 'Random seed, 0 to 2147483647', valueHint: 'number' },
    watermark: { type: 'boolean', description: 'Write "AI生成" or "AI generated" into the lower right corner' },
    url: { type: 'string', description: 'Use this Inbetween server instead', valueHint: 'address' },
    key: { type: 'string', description: 'API key of that server (INBETWEEN_API_KEY)', valueHint: 'key' },
    json: { type: 'boolean', description: 'Print the finished video object as JSON' },
  },
  async run({ args }) {
    const interrupt = new AbortController();
    const onSignal = () => interrupt.abort();
    process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
    try {
      await prepareFile(args.output);
      const images = await Promise.all([readImage(args.first, 'first'), readImage(args.last, 'last')]);
      const ask = {
        model: args.model,
        images: images as [string | Uint8Array, string | Uint8Array],
        size: args.size,
        ...(args.prompt === undefined ? {} : { prompt: args.prompt }),
        ...(args['negative-prompt'] === undefined ? {} : { negative_prompt: args['negative-prompt'] }),
        ...(args.watermark === true ? { watermark: true } : {}),
        ...(args.seed === undefined ? {} : { seed: readSeed(args.seed) }),
      };
      const video = await withServer(args.url, args.key, (client) => make(client, ask, args.output, interrupt.signal));
      if (args.json) say.json(video);
      else
        say.note(
          `${args.output}: ${video.width}×${video.height}, ${video.metadata.duration ?? video.seconds} s, seed ${video.seed}`,
        );
      for (const warning of video.metadata.warnings) if (!args.json) say.note(`note: ${warning.message}`);
    } catch (error) {
      if (interrupt.signal.aborted) throw new CommandFailure('Interrupted; the video was cancelled.', 130);
      if (error instanceof InbetweenError) throw new CommandFailure(error.message);
      throw error;
    } finally {
      process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
    }
  },
});

type CreateAsk = Parameters<Inbetween['videos']['create']>[0];

/** Runs `work` against the given server, or against one of our own that lives as long as the work. */
async function withServer<T>(
  url: string | undefined,
  key: string | undefined,
  work: (client: Inbetween) => Promise<T>,
): Promise<T> {
  if (url !== undefined) {
    const apiKey = key ?? process.env['INBETWEEN_API_KEY'];
    if (apiKey === undefined) throw new CommandFailure('--url needs --key or INBETWEEN_API_KEY.', 2);
    return work(new Inbetween({ baseUrl: url, apiKey }));
  }
  const folder = await mkdtemp(join(tmpdir(), 'inbetween-'));
  const apiKey = randomBytes(24).toString('hex');
  let server: RunningServer | undefined;
  try {
    const config = await settle({ port: '0', host: '127.0.0.1', dataDir: folder, logLevel: 'silent' }, { bare: true });
    server = await startServer(
      { ...config, access: { ...config.access, apiKey } },
      { role: 'serve', showFirstKey: false },
    );
    return await work(new Inbetween({ baseUrl: server.url ?? '', apiKey }));
  } finally {
    await server?.stop(0);
    await rm(folder, { recursive: true, force: true });
  }
}

/** Submits, waits with a progress bar, and writes the file; an interrupt cancels the video. */
async function make(client: Inbetween, ask: CreateAsk, output: string, signal: AbortSignal): Promise<VideoObject> {
  const created = await client.videos.create(ask);
  const bar = showProgress();
  try {
    const video = await client.videos.wait(created.id, { signal, onUpdate: bar.update });
    if (video.status !== 'succeeded') {
      throw new CommandFailure(
        `The video ${video.status === 'cancelled' ? 'was cancelled' : 'failed'}${video.error === null ? '.' : ` (${video.error.code}): ${video.error.message}`}`,
      );
    }
    bar.done();
    await download(client, video.id, output, signal);
    return video;
  } catch (error) {
    bar.failed();
    if (signal.aborted) await client.videos.cancel(created.id).catch(() => undefined);
    throw error;
  }
}

async function download(client: Inbetween, id: string, output: string, signal: AbortSignal): Promise<void> {
  const response = await client.videos.content(id, { signal });
  if (response.body === null) throw new CommandFailure('The server answered without a video.');
  await writeWhole(output, Readable.fromWeb(response.body as ReadableStream<Uint8Array>), signal);
}

async function readImage(path: string, which: string): Promise<string | Uint8Array> {
  if (/^https?:\/\//i.test(path)) return path;
  const there = await stat(path).catch(() => undefined);
  if (there === undefined || !there.isFile()) throw new CommandFailure(`The ${which} frame ${path} is not a file.`, 2);
  return readFile(path);
}

function readSeed(text: string): number {
  if (/^\d{1,10}$/.test(text)) return Number(text);
  throw new CommandFailure(`--seed "${text}" must be a whole number from 0 to 2147483647.`, 2);
}
