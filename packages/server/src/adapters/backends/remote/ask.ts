import { createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Fault } from '../../../domain/fault.ts';
import type { Frames } from '../../../domain/frame.ts';
import { fitSides, type Size } from '../../../domain/size.ts';
import type { ByteSource } from '../../../ports/artifacts.ts';
import type { GenerateAsk } from '../../../ports/backend.ts';
import type { FrameRescaler } from '../../../ports/frames.ts';
import type { PromptWriter } from '../../../ports/prompt-writer.ts';
import { readSource } from '../../system/byte-source.ts';
import { asStorageFailure } from '../../system/storage-full.ts';
import type { Place } from './instances.ts';
import { nameAttempt } from './pinned.ts';
import type { RemoteAsk } from './remote-api.ts';

export interface PreparerParts {
  readonly name: string;
  readonly defaultNegativePrompt: string;
  readonly rescaler: FrameRescaler;
}

/** An ask on its way to a peer. Frames are read when they are needed: a resumed attempt needs them only at its end. */
export interface PreparedAsk {
  /** The prepared inputs as files, as they were at admission. */
  files(): Promise<Frames<string>>;
  /** The complete wish, its prompt rewritten when that is wanted, the peer does not do it, and somebody does. */
  withPrompt(writer: PromptWriter | undefined, signal: AbortSignal): Promise<RemoteAsk>;
}

export async function prepareAsk(
  parts: PreparerParts,
  places: readonly Place[],
  ask: GenerateAsk,
  folder: string,
  signal: AbortSignal,
): Promise<PreparedAsk> {
  const traits = places[0]?.api.traits;
  if (traits === undefined) throw new Error(`${parts.name} has no instance`);
  const { generation } = ask;
  let written: Promise<Frames<string>> | undefined;

  const files = () => {
    written ??= writeFrames(ask.frames, folder, signal);
    return written;
  };

  async function pictures(): Promise<{ readonly frames: Frames<Uint8Array>; readonly pixels: Size }> {
    const { width, height } = ask.prepared;
    const pixels = traits?.sides === undefined ? { width, height } : fitSides({ width, height }, traits.sides);
    if (pixels === undefined) throw wrongSides(parts.name, ask);
    const paths =
      pixels.width === width && pixels.height === height
        ? await files()
        : await parts.rescaler.rescale(await files(), pixels, folder, signal);
    const [first, last] = await Promise.all([readFile(paths.first), readFile(paths.last)]);
    return { frames: { first, last }, pixels };
  }

  return {
    files,
    async withPrompt(writer, promptSignal) {
      const { frames, pixels } = await pictures();
      const extendPrompt = generation.promptExtend && traits.extendsPrompt;
      const ours = generation.promptExtend && !extendPrompt ? writer : undefined;
      const prompt = (await ours?.extend(generation.prompt, frames, promptSignal)) ?? generation.prompt;
      const fallback = traits.negativePrompt === 'default' ? parts.defaultNegativePrompt : '';
      return {
        attempt: nameAttempt(ask.attempt),
        model: generation.model,
        prompt,
        negativePrompt: generation.negativePrompt === '' ? fallback : generation.negativePrompt,
        extendPrompt,
        size: generation.size,
        seconds: generation.seconds,
        seed: generation.seed,
        watermark: generation.watermark && traits.watermarks,
        frames,
        pixels,
      };
    },
  };
}

async function writeFrames(frames: Frames<ByteSource>, folder: string, signal: AbortSignal): Promise<Frames<string>> {
  const write = async (role: 'first' | 'last'): Promise<string> => {
    const source = frames[role];
    if ('path' in source) return source.path;
    const path = join(folder, `${role}.png`);
    await pipeline(readSource(source, signal), createWriteStream(path)).catch((error: unknown) => {
      signal.throwIfAborted();
      if (error instanceof Fault) throw error;
      throw asStorageFailure(error);
    });
    return path;
  };
  const [first, last] = await Promise.all([write('first'), write('last')]);
  return { first, last };
}

/** Routing leaves such backends out; this is the answer for a video that was pinned to one before its limits changed. */
function wrongSides(name: string, { prepared }: GenerateAsk): Fault {
  return new Fault(
    'backend_misconfigured',
    `Frames of ${prepared.width}×${prepared.height} cannot be scaled equally into what the service that makes the video takes.`,
    { cause: new Error(name) },
  );
}
