import type { Caller } from '../domain/api-key.ts';
import { eventOf } from '../domain/event.ts';
import { Fault } from '../domain/fault.ts';
import {
  FRAME_ROLES,
  type FrameAsk,
  type FrameRole,
  type FrameSource,
  type Frames,
  PICTURE_LIMITS,
  readFrameText,
  tooManyBytes,
} from '../domain/frame.ts';
import { type CheckedAsk, checkGeneration, type GenerationAsk, type Warning } from '../domain/generation.ts';
import type { OwnerId, VideoId } from '../domain/id.ts';
import { LIMITS } from '../domain/model.ts';
import { inspectPicture } from '../domain/picture/inspect.ts';
import type { Policy } from '../domain/policy.ts';
import { readSimulation, refuseBilledSimulation, refuseSimulation } from '../domain/simulation.ts';
import { accept } from '../domain/transitions.ts';
import { type Video, videoPrefix } from '../domain/video.ts';
import type { ArtifactStore } from '../ports/artifacts.ts';
import type { Backend } from '../ports/backend.ts';
import type { Bell } from '../ports/bell.ts';
import type { Clock } from '../ports/clock.ts';
import type { Fetcher } from '../ports/fetcher.ts';
import type { Ids } from '../ports/ids.ts';
import type { Meter } from '../ports/meter.ts';
import type { Router } from '../ports/router.ts';
import type { BackendState, FrameInput, IdempotencyRecord, Inserted, VideoStore } from '../ports/store.ts';
import type { DiskGuard } from './disk-guard.ts';
import type { Files } from './files.ts';
import { bothPrints, contentWord, fingerprint, isOneOf, nameWord, pictureHash } from './fingerprint.ts';
import type { QueueGuard } from './queue-guard.ts';
import { insist, type Rates } from './rates.ts';
import { findRepeated, type Repeat } from './repeat.ts';

/** A posted picture up to this size is stored in the video's own transaction; larger ones go to the artifact store first. */
const ROW_BYTES_MAX = 256 * 1024;

/** One item of `images`: text in one of the accepted spellings, or the bytes of a posted file. */
export type ImageAsk = string | Uint8Array;

/** An ask as a dialect read it. */
export interface SubmitAsk {
  readonly generation: GenerationAsk;
  readonly images: readonly ImageAsk[];
  /** Fields the dialect does not know; they are ignored and named in a warning. */
  readonly unknownFields: readonly string[];
  readonly idempotencyKey?: string | undefined;
  /** Only heeded without a key. */
  readonly repeat?: Repeat | undefined;
  /** The text of a trigger for tests of clients, as it came. */
  readonly simulate?: string | undefined;
}

export interface Submitted {
  readonly video: Video;
  /** The same key and ask were seen before; nothing new was made. */
  readonly replayed: boolean;
}

export interface SubmitParts {
  readonly videos: VideoStore;
  readonly artifacts: ArtifactStore;
  readonly fetcher: Pick<Fetcher, 'check'>;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly bell: Bell;
  readonly meter: Meter;
  readonly policy: Policy;
  readonly disk: DiskGuard;
  /** Bounds what waits; absent: any number may. */
  readonly queue?: QueueGuard | undefined;
  /** What operators say about a backend; absent: nothing. */
  readonly stateOf?: ((backend: string) => BackendState) | undefined;
  /** Plays along with tests of clients. */
  readonly simulates?: boolean | undefined;
  readonly router: Pick<Router, 'route'>;
  /** Checks a `callback_url` and makes sure that there is a secret to sign for it. @throws Fault `url_not_allowed` */
  acceptCallback(owner: OwnerId, url: string): Promise<void>;
  /** Bytes of the last output frame of an owner's finished video. */
  outputFrame(caller: Caller, video: VideoId, param: string): Promise<Uint8Array>;
  /** How often each key has asked lately. */
  readonly creates: Rates;
  /** Uploaded pictures. */
  readonly files: Pick<Files, 'picture'>;
}

interface ReadFrame {
  readonly source: FrameSource;
  readonly bytes?: Uint8Array;
}

/**
 * Accepts an ask: everything that can be checked without the network is checked, then the video and its posted pictures
 * become durable together. When this resolves, the video will reach exactly one terminal state whatever is killed.
 *
 * @throws Fault that names the field, the limit and the remedy; then nothing was stored
 */
export async function submit(parts: SubmitParts, caller: Caller, ask: SubmitAsk): Promise<Submitted> {
  const checked = withSimulation(checkGeneration(ask.generation), parts, ask);
  checkKey(parts.creates, caller, checked.model);
  if (checked.callbackUrl !== undefined) await parts.acceptCallback(caller.owner, checked.callbackUrl);
  const key = checkIdempotencyKey(ask.idempotencyKey);
  const asked = readImages(ask.images);
  const byName = fingerprint(checked, { first: nameWord(asked.first), last: nameWord(asked.last) });
  const known = key === undefined ? undefined : await parts.videos.findByKey(caller.owner, key);
  if (known !== undefined && isOneOf(known.fingerprint, byName)) return replay(known.video);

  const id = parts.ids.video();
  const frames: Frames<ReadFrame> = {
    first: await readFrame(parts, caller, id, 'first', asked.first, 'images[0]'),
    last: await readFrame(parts, caller, id, 'last', asked.last, 'images[1]'),
  };
  const sources: Frames<FrameSource> = { first: frames.first.source, last: frames.last.source };
  const byContent = fingerprint(checked, { first: contentWord(sources.first), last: contentWord(sources.last) });
  if (known !== undefined) return replay(isOneOf(known.fingerprint, byContent) ? known.video : undefined);
  let record: IdempotencyRecord | undefined =
    key === undefined ? undefined : { key, fingerprint: bothPrints(byName, byContent) };
  if (key === undefined && ask.repeat !== undefined) {
    const found = await findRepeated(parts.videos, caller.owner, ask.repeat, byContent, parts.clock.now());
    if ('id' in found) return { video: found, replayed: true };
    record = found;
  }

  await parts.disk.check();
  const backend = parts.router.route(checked);
  if (checked.simulation !== undefined && backend.capabilities.billed) refuseBilledSimulation(checked.model);
  if (parts.stateOf?.(backend.name) === 'draining') throw draining(checked.model);
  await parts.queue?.check(backend.name, backend.slots);
  const generation = { ...checked, seed: checked.seed ?? parts.ids.seed() };
  const video = accept(
    {
      id,
      owner: caller.owner,
      apiKey: caller.apiKey,
      generation,
      sources,
      backend: backend.name,
      warnings: warningsOf(ask, backend),
    },
    parts.clock.now(),
    parts.policy,
  );
  const large = FRAME_ROLES.some((role) => frames[role].source.kind === 'artifact');
  let inserted: Inserted;
  try {
    await storeLargeFrames(parts, frames);
    inserted = await parts.videos.insert(video, {
      event: eventOf(undefined, video),
      idempotency: record,
      inputs: smallFrames(frames),
    });
  } catch (error) {
    if (large) await takeBack(parts, id);
    throw error;
  }
  if (inserted.outcome !== 'inserted') {
    if (large) await parts.artifacts.removeAll(videoPrefix(id));
    if (inserted.outcome === 'replayed') return replay(inserted.video);
    // Somebody was quicker, perhaps with the same pictures sent in another way.
    const quicker = key === undefined ? undefined : await parts.videos.findByKey(caller.owner, key);
    return replay(quicker !== undefined && isOneOf(quicker.fingerprint, byContent) ? quicker.video : undefined);
  }
  parts.queue?.accepted();
  parts.meter.count('inbetween_videos_created_total');
  parts.bell.ring('admit');
  return { video: inserted.video, replayed: false };
}

function withSimulation(checked: CheckedAsk, { simulates }: SubmitParts, { simulate }: SubmitAsk): CheckedAsk {
  if (simulate === undefined) return checked;
  if (simulates !== true) refuseSimulation();
  return { ...checked, simulation: readSimulation(simulate) };
}

function draining(model: string): Fault {
  return new Fault(
    'backend_unavailable',
    `model: new videos are not accepted for ${model} at the moment, because the service that makes them is being taken out of use. Try again later or use another model.`,
    { param: 'model', retryAfterMs: 60_000 },
  );
}

/**
 * Removes what was stored for a row that did not come. Where it came and only its answer was lost, a repeated ask with the
 * same key finds it, so its files stay. What is left in doubt is swept when it is old.
 */
async function takeBack({ videos, artifacts }: SubmitParts, id: VideoId): Promise<void> {
  try {
    if (!(await videos.exists(id))) await artifacts.removeAll(videoPrefix(id));
  } catch {
    // The first error is the one to tell.
  }
}

/** What the key, not its owner, may ask for. */
function checkKey(creates: Rates, caller: Caller, model: string): void {
  const { models, createsPerMinute } = caller.limits ?? {};
  if (models !== undefined && !models.includes(model)) {
    throw new Fault(
      'model_not_allowed',
      `model: this API key may not use "${model}". It may use: ${models.join(', ')}.`,
      { param: 'model' },
    );
  }
  insist(creates.take(caller, createsPerMinute), 'ask for videos', createsPerMinute);
}

/** @param video what the key stands for; undefined: another ask used it */
function replay(video: Video | undefined): Submitted {
  if (video === undefined) {
    throw new Fault(
      'idempotency_mismatch',
      'Idempotency-Key was used before with a different request. Send the same request again, or use a new key for a new video.',
      { param: 'Idempotency-Key' },
    );
  }
  if (video.deletedAt !== null)
    throw new Fault(
      'not_found',
      'The video made under this Idempotency-Key was deleted. Use a new key to make another.',
      { param: 'Idempotency-Key' },
    );
  return { video, replayed: true };
}

function checkIdempotencyKey(key: string | undefined): string | undefined {
  if (key === undefined) return undefined;
  if (/^[\x20-\x7e]+$/.test(key) && key.length <= LIMITS.idempotencyKeyLength) return key;
  throw new Fault(
    'invalid_request',
    `Idempotency-Key must have 1 to ${LIMITS.idempotencyKeyLength} printable ASCII characters.`,
    {
      param: 'Idempotency-Key',
    },
  );
}

/** What was asked for as frames, before any of it is looked up: an ask that is repeated needs nothing that is gone since. */
function readImages(images: readonly ImageAsk[]): Frames<FrameAsk> {
  const [first, last] = images;
  if (first === undefined || last === undefined || images.length !== 2) {
    throw new Fault(
      'invalid_request',
      `images must have exactly 2 items, the first frame and the last frame; ${images.length} ${images.length === 1 ? 'was' : 'were'} sent.`,
      { param: 'images' },
    );
  }
  return { first: readImage(first, 'images[0]'), last: readImage(last, 'images[1]') };
}

function readImage(image: ImageAsk, param: string): FrameAsk {
  return typeof image === 'string' ? readFrameText(image, param) : { kind: 'bytes', bytes: image };
}

async function readFrame(
  parts: SubmitParts,
  caller: Caller,
  id: VideoId,
  role: FrameRole,
  ask: FrameAsk,
  param: string,
): Promise<ReadFrame> {
  switch (ask.kind) {
    case 'url':
      checkUrl(parts, ask.url, param);
      return { source: ask };
    case 'sample':
      return { source: ask };
    case 'output':
      // A frame of our own is never refused for its sides: at 480P and beyond 6:1 they are shorter than a caller's may be.
      return keepBytes(id, role, await parts.outputFrame(caller, ask.video, param));
    case 'file':
      // Copied, so that the video needs nothing that its owner may delete meanwhile; checked when it was uploaded.
      return keepBytes(id, role, await parts.files.picture(caller, { file: ask.file }, param));
    case 'upload':
      return keepBytes(id, role, await parts.files.picture(caller, { key: ask.key }, param));
    case 'bytes':
      if (ask.bytes.length > PICTURE_LIMITS.maxBytes) throw tooManyBytes(param);
      inspectPicture(ask.bytes, param);
      return keepBytes(id, role, ask.bytes);
  }
}

function checkUrl(parts: SubmitParts, url: string, param: string): void {
  try {
    parts.fetcher.check(url, 'public');
  } catch (error) {
    if (error instanceof Fault) throw new Fault(error.code, `${param}: ${error.message}`, { param, cause: error });
    throw error;
  }
}

function keepBytes(id: VideoId, role: FrameRole, bytes: Uint8Array): ReadFrame {
  const facts = { sha256: pictureHash(bytes), bytes: bytes.length };
  const source: FrameSource =
    bytes.length <= ROW_BYTES_MAX
      ? { kind: 'row', ...facts }
      : { kind: 'artifact', ...facts, key: `${videoPrefix(id)}inputs/${role}` };
  return { source, bytes };
}

function smallFrames(frames: Frames<ReadFrame>): readonly FrameInput[] {
  return FRAME_ROLES.flatMap((role) => {
    const { source, bytes } = frames[role];
    return source.kind === 'row' && bytes !== undefined ? [{ role, bytes }] : [];
  });
}

async function storeLargeFrames(parts: SubmitParts, frames: Frames<ReadFrame>): Promise<void> {
  for (const { source, bytes } of [frames.first, frames.last]) {
    if (source.kind !== 'artifact' || bytes === undefined) continue;
    await parts.artifacts.put(source.key, { bytes }, 'application/octet-stream');
  }
}

function warningsOf(ask: SubmitAsk, backend: Backend): readonly Warning[] {
  const warnings: Warning[] = [];
  if (ask.unknownFields.length > 0) {
    const names = ask.unknownFields
      .slice(0, 20)
      .map((name) => name.slice(0, 60))
      .join(', ');
    warnings.push({ code: 'unknown_field', message: `Ignored, because this API has no such field: ${names}.` });
  }
  if (!backend.capabilities.generative) {
    warnings.push({
      code: 'built_in_renderer',
      message: `Made by the built-in renderer, not by ${ask.generation.model}: it moves between your two pictures and imagines nothing new.`,
    });
  }
  return warnings;
}
