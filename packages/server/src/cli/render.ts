import { availableParallelism } from 'node:os';
import { defineCommand } from 'citty';
import { isFile, RENDER_FPS, type RenderAsk, type RenderOutcome, renderPair, SIZE_TIERS } from '../compose/render.ts';
import { CommandFailure, say } from './console.ts';
import { showProgress } from './progress.ts';
import { settle } from './settings.ts';

/** `inbetween render`: the built-in renderer alone, without a server. */
export const renderCommand = defineCommand({
  meta: {
    name: 'render',
    description: 'Makes the video, or the single frames, between two pictures with the built-in renderer alone.',
  },
  args: {
    first: { type: 'positional', description: 'First frame: a JPEG, PNG, WEBP or BMP file', required: true },
    last: {
      type: 'positional',
      description: 'Last frame, likewise; it is scaled and cropped to cover the size of the first',
      required: true,
    },
    output: {
      type: 'string',
      alias: 'o',
      description: 'Video file to write (default out.mp4)',
      valueHint: 'file',
    },
    out: { type: 'string', description: 'Folder to write the frames to, with --format png', valueHint: 'folder' },
    format: { type: 'string', description: 'mp4, or png for single frames', valueHint: 'name' },
    frames: {
      type: 'string',
      description: `How many frames, both ends included (default 150: 5 s at ${RENDER_FPS} a second)`,
      valueHint: 'number',
    },
    ease: {
      type: 'string',
      description: 'With --format png: linear (equal steps of time) or smooth (as in a video, the default)',
      valueHint: 'name',
    },
    size: { type: 'string', description: '480P, 720P or 1080P (default: as the first picture is)', valueHint: 'tier' },
    seed: { type: 'string', description: 'Random seed, 0 to 2147483647 (default 0)', valueHint: 'number' },
    prompt: {
      type: 'string',
      description: 'Read for words on timing, and on the camera between unlike pictures',
      valueHint: 'text',
    },
    'negative-prompt': {
      type: 'string',
      description: 'Read for camera and timing words that are not wanted',
      valueHint: 'text',
    },
    fast: { type: 'boolean', description: 'Two warps a frame instead of four: quicker, a little less sharp' },
    watermark: { type: 'boolean', description: 'Write "AI生成" or "AI generated" into the lower right corner' },
    encoder: {
      type: 'string',
      description: 'builtin, or ffmpeg for the program at FFMPEG_PATH (INBETWEEN_ENCODER)',
      valueHint: 'name',
    },
    threads: {
      type: 'string',
      description: 'Render threads, 1 to 64 (default: one for each core)',
      valueHint: 'number',
    },
    json: { type: 'boolean', description: 'Print what was done as JSON' },
  },
  async run({ args }) {
    const ask = await readAsk(args);
    const interrupt = new AbortController();
    const onSignal = () => interrupt.abort();
    process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
    const bar = showProgress();
    try {
      const outcome = await renderPair(ask, {
        signal: interrupt.signal,
        onProgress: (fraction) => {
          const metadata = { phase: 'rendering', eta: null, queue_position: null };
          bar.update({ status: 'running', progress: Math.floor(fraction * 100), metadata });
        },
      });
      if ('problem' in outcome) throw new CommandFailure(outcome.problem);
      bar.done();
      if (args.json === true) say.json(told(outcome));
      else sayOutcome(outcome);
    } catch (error) {
      bar.failed();
      if (interrupt.signal.aborted) throw new CommandFailure('Interrupted; nothing was written.', 130);
      throw error;
    } finally {
      process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
    }
  },
});

interface Arguments {
  readonly first: string;
  readonly last: string;
  readonly output?: string | undefined;
  readonly out?: string | undefined;
  readonly format?: string | undefined;
  readonly frames?: string | undefined;
  readonly ease?: string | undefined;
  readonly size?: string | undefined;
  readonly seed?: string | undefined;
  readonly prompt?: string | undefined;
  readonly 'negative-prompt'?: string | undefined;
  readonly fast?: boolean | undefined;
  readonly watermark?: boolean | undefined;
  readonly encoder?: string | undefined;
  readonly threads?: string | undefined;
}

/** Holds the arguments to what makes sense together; mistakes are wrong usage. */
async function readAsk(args: Arguments): Promise<RenderAsk> {
  for (const [which, path] of [
    ['first', args.first],
    ['last', args.last],
  ] as const) {
    if (!(await isFile(path))) throw wrong(`The ${which} frame ${path} is not a file.`);
  }
  const tier = SIZE_TIERS.find((name) => name === args.size?.toUpperCase());
  if (args.size !== undefined && tier === undefined) throw wrong(`--size "${args.size}" must be 480P, 720P or 1080P.`);
  const { render } = await settle({ encoder: args.encoder });
  const usual = render.threads === 'auto' ? availableParallelism() : render.threads;
  return {
    first: args.first,
    last: args.last,
    target: readTarget(args, render.encoder),
    frames: readNumber('frames', args.frames, 2, 36_000) ?? 150,
    tier,
    seed: readNumber('seed', args.seed, 0, 2_147_483_647) ?? 0,
    prompt: args.prompt ?? '',
    negativePrompt: args['negative-prompt'] ?? '',
    fast: args.fast === true,
    threads: readNumber('threads', args.threads, 1, 64) ?? Math.min(64, usual),
  };
}

type Encoder = Extract<RenderAsk['target'], { kind: 'video' }>['encoder'];

function readTarget(args: Arguments, encoder: Encoder): RenderAsk['target'] {
  const format = args.format ?? (args.out === undefined ? 'mp4' : 'png');
  if (format !== 'mp4' && format !== 'png') throw wrong(`--format "${format}" must be mp4 or png.`);
  if (format === 'mp4') {
    if (args.out !== undefined) throw wrong('--out is for --format png; name a video file with -o.');
    if (args.ease !== undefined) throw wrong('--ease is for --format png; a video reads its timing from --prompt.');
    return { kind: 'video', path: args.output ?? 'out.mp4', watermark: args.watermark === true, encoder };
  }
  const { ease = 'smooth' } = args;
  if (ease !== 'linear' && ease !== 'smooth') throw wrong(`--ease "${ease}" must be linear or smooth.`);
  if (args.output !== undefined) throw wrong('-o is for videos; name a folder for the frames with --out.');
  if (args.out === undefined) throw wrong('--format png needs --out, a folder for the frames.');
  if (args.watermark === true) throw wrong('--watermark is for videos.');
  return { kind: 'frames', folder: args.out, ease };
}

function readNumber(name: string, text: string | undefined, least: number, most: number): number | undefined {
  if (text === undefined) return undefined;
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw wrong(`--${name} "${text}" must be a whole number from ${least} to ${most}.`);
}

function wrong(message: string): CommandFailure {
  return new CommandFailure(message, 2);
}

/** The outcome in the words of the API's metadata. */
function told(outcome: RenderOutcome): Readonly<Record<string, unknown>> {
  const { mode, matchConfidence, generative, honoured, ignored, width, height } = outcome.report;
  const account = { mode, match_confidence: Math.round(matchConfidence * 1000) / 1000, generative, honoured, ignored };
  if (outcome.kind === 'frames') {
    return { folder: outcome.folder, files: outcome.report.files, width, height, ...account };
  }
  const { fps, frames, encoder } = outcome.report;
  return { file: outcome.file, width, height, fps, frames, duration: frames / fps, encoder, ...account };
}

function sayOutcome(outcome: RenderOutcome): void {
  const { width, height, mode, ignored } = outcome.report;
  const what =
    outcome.kind === 'frames'
      ? `${outcome.folder}: ${outcome.report.files.length} frames`
      : `${outcome.file}: ${(outcome.report.frames / outcome.report.fps).toFixed(1)} s`;
  say.note(`${what}, ${width}×${height}, ${mode}`);
  for (const words of ignored) say.note(`note: ${words}`);
}
