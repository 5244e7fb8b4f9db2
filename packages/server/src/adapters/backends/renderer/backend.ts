import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { EncoderChoice } from '@inbetween/renderer';
import { Fault } from '../../../domain/fault.ts';
import { aigcLabel, type LabelNames, showLabels } from '../../../domain/label.ts';
import { SIZE_TIERS } from '../../../domain/model.ts';
import type { ByteSource } from '../../../ports/artifacts.ts';
import type { Backend, BackendEvent, Capabilities, GenerateAsk } from '../../../ports/backend.ts';
import type { Log } from '../../../ports/log.ts';
import { readSource } from '../../system/byte-source.ts';
import type { ChildLimits } from '../../system/child.ts';
import { asStorageFailure } from '../../system/storage-full.ts';
import { type ClipShape, filesIn, planOf, showReport } from './plan.ts';
import type { SentReport } from './protocol.ts';
import { runChild } from './run-child.ts';

/** How the built-in renderer is set up. */
export interface RendererOptions {
  /** Each attempt gets a folder of its own in here, removed when it ends. */
  readonly tmpFolder: string;
  /** Renders at once over the whole fleet. */
  readonly slots: number;
  /** Renders at once in this process; absent: as many as there are slots. */
  readonly slotsHere?: number | undefined;
  readonly encoder: EncoderChoice;
  /** Render threads of one attempt. */
  readonly threads: number;
  readonly log: Log;
  readonly limits?: Partial<ChildLimits>;
  readonly clip?: ClipShape;
  /** Whom the content label names; absent: ourselves. */
  readonly labelNames?: LabelNames | undefined;
}

const MINUTE = 60_000;
const CLIP: ClipShape = { fps: 30 };

const CAPABILITIES: Capabilities = {
  ready: true,
  problems: [],
  sizes: SIZE_TIERS,
  billed: false,
  canLookUp: false,
  cancel: 'stops',
  honoursSeed: true,
  honoursNegativePrompt: false,
  watermarks: true,
  generative: false,
};

/**
 * The built-in renderer: a child process per attempt that computes the frames between two pictures. Needs no network, no
 * key and no GPU, keeps nothing between attempts, and so has no operation to resume: a lost attempt is made anew.
 */
export function createRendererBackend(options: RendererOptions): Backend {
  return new RendererBackend(options);
}

class RendererBackend implements Backend {
  readonly name = 'renderer';
  readonly slots: number;
  readonly slotsHere: number | undefined;
  capabilities = CAPABILITIES;
  readonly #options: RendererOptions;

  constructor(options: RendererOptions) {
    this.slots = options.slots;
    this.slotsHere = options.slotsHere;
    this.#options = options;
  }

  /** Makes a clip of two tiny frames in a child: encoder, kernels and temporary folder are all there, or it says what is not. */
  async probe(signal: AbortSignal): Promise<Capabilities> {
    const problem = await this.#check(signal).catch((error: unknown) => {
      signal.throwIfAborted();
      return error instanceof Error ? error.message : 'unknown';
    });
    const problems = problem === null ? [] : [`the built-in renderer cannot make a clip: ${problem}`];
    this.capabilities = { ...CAPABILITIES, ready: problem === null, problems };
    return this.capabilities;
  }

  async *generate(ask: GenerateAsk, signal: AbortSignal): AsyncGenerator<BackendEvent> {
    signal.throwIfAborted();
    const folder = this.#folderOf(ask.attempt);
    try {
      yield* this.#generateIn(folder, ask, signal);
    } catch (error) {
      signal.throwIfAborted();
      throw asStorageFailure(error);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  async *#generateIn(folder: string, ask: GenerateAsk, signal: AbortSignal): AsyncGenerator<BackendEvent> {
    const { clip = CLIP, encoder, threads, log } = this.#options;
    // A worker that was lost may have left the same attempt's files.
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    const inputs = {
      first: await asFile(ask.frames.first, join(folder, 'first.png'), signal),
      last: await asFile(ask.frames.last, join(folder, 'last.png'), signal),
    };
    const files = filesIn(folder);
    const { watermark } = ask.generation;
    const label = aigcLabel(ask.video, CAPABILITIES, this.#options.labelNames);
    const plan = planOf(ask, inputs, files, { clip, encoder, threads, label });
    const order = { kind: 'render', plan, watermark } as const;
    let report: SentReport | undefined;
    for await (const answer of runChild(order, this.#limits(ask), log, signal)) {
      if (answer.kind === 'progress') yield { type: 'progress', fraction: answer.fraction, phase: 'generating' };
      if (answer.kind === 'rendered') report = answer.report;
    }
    // The child is gone by now, and its memory with it, before anyone copies files.
    if (report === undefined) throw new Error('the render child gave another answer than a report');
    yield {
      type: 'finished',
      video: { path: files.video },
      thumbnail: { path: files.thumbnail },
      spritesheet: { path: files.spritesheet },
      lastFrame: { path: files.lastFrame },
      report: { ...showReport(report), labels: showLabels(label, watermark) },
    };
  }

  async #check(signal: AbortSignal): Promise<string | null> {
    const { tmpFolder, encoder, log } = this.#options;
    await mkdir(tmpFolder, { recursive: true });
    const folder = await mkdtemp(join(tmpFolder, 'check-'));
    try {
      const limits = { memoryBytes: 1_200 << 20, wallMs: MINUTE };
      for await (const answer of runChild({ kind: 'check', folder, encoder }, limits, log, signal)) {
        if (answer.kind === 'checked') return answer.problem;
      }
      return 'it gave no answer';
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** 1080P was measured at 770 MB; the margin by size covers the longest shapes and more threads. */
  #limits({ prepared }: GenerateAsk): ChildLimits {
    const margin = prepared.width * prepared.height * 100;
    const limits = { memoryBytes: (1_200 << 20) + margin, wallMs: 10 * MINUTE, stallMs: 2 * MINUTE };
    return { ...limits, ...this.#options.limits };
  }

  #folderOf(attempt: string): string {
    if (!/^[A-Za-z0-9_-][A-Za-z0-9._-]*$/.test(attempt)) throw new RangeError(`not an attempt: ${attempt}`);
    return join(this.#options.tmpFolder, attempt);
  }
}

/** The child reads files; what is not one yet is written down. */
async function asFile(source: ByteSource, path: string, signal: AbortSignal): Promise<string> {
  if ('path' in source) return source.path;
  await pipeline(readSource(source, signal), createWriteStream(path)).catch((error: unknown) => {
    signal.throwIfAborted();
    if (error instanceof Fault) throw error;
    throw asStorageFailure(error);
  });
  return path;
}
