import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Json } from '../../../domain/attempt.ts';
import { Fault, type FaultCode } from '../../../domain/fault.ts';
import type { FrameCheck } from '../../../domain/frame-check.ts';
import type { Warning } from '../../../domain/generation.ts';
import { aigcLabel, type LabelNames, showLabels } from '../../../domain/label.ts';
import type { BackendEvent, GenerateAsk } from '../../../ports/backend.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { Log } from '../../../ports/log.ts';
import type { FinishedFile, ResultFinisher } from '../../../ports/media.ts';
import type { PreparedAsk } from './ask.ts';
import type { Done } from './follow.ts';
import type { Place } from './instances.ts';
import type { Pinned } from './pinned.ts';
import { NoReply } from './remote-api.ts';
import { pause, pauseAfter, type Rhythm, within } from './rhythm.ts';

export interface ResultParts {
  readonly name: string;
  readonly billed: boolean;
  readonly rhythm: Rhythm;
  readonly clock: Clock;
  readonly log: Log;
  readonly finisher: ResultFinisher;
  readonly onIgnoredFrame?: 'warn' | 'fail';
  readonly matchTail?: boolean;
  /** Whom the content label names; absent: ourselves. */
  readonly labelNames?: LabelNames | undefined;
}

export interface HomeOrder {
  readonly folder: string;
  readonly ask: GenerateAsk;
  readonly prepared: PreparedAsk;
  readonly place: Place;
  readonly pinned: Pinned;
  readonly done: Done;
}

/** Our own disk, database or bucket: it says nothing about what the peer made. */
const OUR_STORAGE: readonly FaultCode[] = ['storage_full', 'storage_unavailable'];
/** Answers of a peer that is reached but does not give the file, or gives a damaged one. */
const REFUSALS = 3;

/**
 * Downloads a finished video and makes it ours. A download that breaks off is asked for again with patience: the work is
 * done and perhaps paid for. A file that is damaged is downloaded again before it is believed to be.
 */
export async function bringHome(parts: ResultParts, order: HomeOrder, signal: AbortSignal): Promise<BackendEvent> {
  const { clock, rhythm } = parts;
  const input = join(order.folder, 'result');
  const until = clock.now() + rhythm.resultMs;
  let refusals = 0;
  for (let failures = 1; ; failures += 1) {
    try {
      await download(parts, order, input, signal);
      return eventOf(parts, order, await finish(parts, order, input, signal));
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof Fault) && !(error instanceof NoReply)) throw error;
      if (error instanceof Fault) refusals += 1;
      if (error instanceof Fault && error.code === 'last_frame_ignored') throw error;
      if (error instanceof Fault && OUR_STORAGE.includes(error.code)) throw goesOn(error);
      const waitMs = pauseAfter(failures, rhythm);
      if (refusals >= REFUSALS || clock.now() + waitMs > until) throw notHome(parts, error);
      parts.log.warn(
        { backend: parts.name, instance: order.place.name, err: error },
        'a result could not be fetched yet',
      );
      await pause(clock, waitMs, signal);
    }
  }
}

async function download(
  { clock, rhythm }: ResultParts,
  { place, pinned, done }: HomeOrder,
  input: string,
  signal: AbortSignal,
): Promise<void> {
  const limit = (cause: unknown) => new NoReply(`the download did not end within ${rhythm.downloadMs} ms`, true, cause);
  const fetching = (inner: AbortSignal) => place.api.fetchResult(pinned.peer, done.result, input, inner);
  await within(clock, rhythm.downloadMs, signal, fetching, limit);
  const { size } = await stat(input);
  if (size === 0) throw new Fault('damaged_output', 'The finished video is empty.');
}

async function finish(
  parts: ResultParts,
  { ask, folder, prepared, place }: HomeOrder,
  input: string,
  signal: AbortSignal,
): Promise<FinishedFile> {
  const { finisher, matchTail = false } = parts;
  const { generation } = ask;
  const theirs = generation.watermark && place.api.traits.watermarks;
  const tags = { AIGC: labelOf(parts, ask) };
  return finisher.finish(
    {
      input,
      folder,
      frames: await prepared.files(),
      tags,
      watermarkFor: generation.watermark && !theirs ? generation.prompt : undefined,
      watermarked: theirs,
      matchTail,
    },
    signal,
  );
}

function labelOf({ labelNames }: ResultParts, { video }: GenerateAsk): string {
  return aigcLabel(video, { generative: true }, labelNames);
}

/**
 * A file that nobody can reach now is asked for again later; one that the peer refuses or that is damaged is over. What an
 * unbilled peer made is then made anew, what was paid for is not.
 */
function notHome({ billed }: ResultParts, error: Fault | NoReply): Fault {
  if (error instanceof NoReply)
    return goesOn(new Fault('backend_unavailable', 'The finished video could not be downloaded.', { cause: error }));
  const { code, message, cause } = error;
  return new Fault(code, message, { cause: cause ?? error, retryable: error.retryable && !billed });
}

function goesOn({ code, message, cause }: Fault): Fault {
  return new Fault(code, message, { cause, attemptGoesOn: true });
}

function eventOf(
  parts: ResultParts,
  { ask, place, pinned, done }: HomeOrder,
  { video, thumbnail, spritesheet, lastFrame, pictures, check }: FinishedFile,
): BackendEvent {
  const warnings = warningsOf(parts, check);
  const extended = howExtended(ask, place, pinned, done);
  const sent = pinned.prompt ?? ask.generation.prompt;
  return {
    type: 'finished',
    video: { path: video },
    thumbnail: { path: thumbnail },
    spritesheet: { path: spritesheet },
    lastFrame: { path: lastFrame },
    actualPrompt: done.actualPrompt ?? sent,
    warnings,
    report: {
      engine: parts.name,
      generative: true,
      pictures,
      labels: showLabels(labelOf(parts, ask), ask.generation.watermark),
      frame_check: showCheck(check),
      prompt_extend: extended,
      ...(done.report === undefined ? {} : { upstream: done.report }),
    },
  };
}

/** Who rewrote the prompt: the peer, our own writer, or nobody. */
function howExtended(
  { generation }: GenerateAsk,
  place: Place,
  pinned: Pinned,
  done: Done,
): 'native' | 'chat' | 'none' {
  if (!generation.promptExtend) return 'none';
  if (place.api.traits.extendsPrompt) return 'native';
  return pinned.prompt === undefined && done.actualPrompt === undefined ? 'none' : 'chat';
}

function warningsOf({ billed, onIgnoredFrame = 'warn' }: ResultParts, check: FrameCheck): readonly Warning[] {
  if (check.verdict !== 'last_frame_ignored') return [];
  if (onIgnoredFrame === 'fail' && !billed) {
    throw new Fault('last_frame_ignored', 'The service that made the video ignored the last frame.');
  }
  const message =
    'The video does not end with the last frame: its final picture is nearer to the first one. The service that made it probably ignored the last frame.';
  return [{ code: 'last_frame_ignored', message }];
}

function showCheck({ firstToFirst, lastToLast, lastToFirst, inputs, verdict }: FrameCheck): Json {
  const round = (value: number) => Math.round(value * 100) / 100;
  return {
    verdict,
    first_to_first: round(firstToFirst),
    last_to_last: round(lastToLast),
    last_to_first: round(lastToFirst),
    inputs: round(inputs),
  };
}
