import { asFault } from '../domain/fault.ts';
import { FRAME_ROLES, type FrameRole, type FrameSource, type Frames } from '../domain/frame.ts';
import { frameWarnings } from '../domain/frame-warnings.ts';
import type { Warning } from '../domain/generation.ts';
import type { WorkerId } from '../domain/id.ts';
import type { Policy } from '../domain/policy.ts';
import type { PreparedFrames } from '../domain/result.ts';
import { admit, afterFault, afterLoss, fetching, giveBack } from '../domain/transitions.ts';
import { isTerminal, type Video, videoPrefix } from '../domain/video.ts';
import { type ArtifactStore, readWhole } from '../ports/artifacts.ts';
import { fetchPicture } from '../ports/fetch-picture.ts';
import type { Fetcher } from '../ports/fetcher.ts';
import type { FramePreparer } from '../ports/frames.ts';
import type { Claimed, VideoStore } from '../ports/store.ts';
import { type Chain, createChain, Superseded } from './chain.ts';
import { createHeld } from './held.ts';
import { createLane, type LaneParts } from './lane.ts';
import { type Moderation, moderate } from './moderate.ts';
import type { Part } from './part.ts';

export interface AdmitParts extends LaneParts {
  readonly worker: WorkerId;
  readonly store: VideoStore;
  readonly artifacts: ArtifactStore;
  readonly fetcher: Fetcher;
  readonly preparer: FramePreparer;
  /** Absent: nothing is judged. */
  readonly moderation?: Moderation | undefined;
  readonly policy: Policy;
  /** Bytes of a frame that is shipped with the server. */
  sample(name: string): Promise<Uint8Array>;
  readonly concurrency: number;
}

const IDLE_MS = 2_000;

/** Before admission no backend has been asked for anything. */
const NO_PEER = { billed: false, canLookUp: false };
/** What a caller posted is kept until both frames are prepared or nobody will ever prepare them. */
const dropInputsAtEnd = (next: Video) => ({ dropInputs: isTerminal(next.status) });

/** Lane `admit`: gets both frames, prepares them once for every backend, and makes the video `queued`. */
export function createAdmitLane(parts: AdmitParts): Part {
  const held = createHeld();
  return createLane(
    {
      name: 'admit',
      topic: 'admit',
      concurrency: parts.concurrency,
      idleMs: IDLE_MS,
      async claim(free) {
        const claimed = await parts.store.claim({
          worker: parts.worker,
          lane: 'admit',
          limit: free,
          now: parts.clock.now(),
          holding: held.ids,
          slots: {},
        });
        return held.works(claimed, (claim, signal) => admitOne(parts, claim, signal));
      },
      nextDue: (after) => parts.store.nextDue('admit', [], after),
    },
    parts,
  );
}

/** Admits one claimed video. Whatever happens ends in a write, unless somebody else wrote first. */
async function admitOne(parts: AdmitParts, { video, takenOver }: Claimed, signal: AbortSignal): Promise<void> {
  const { clock, policy, bell } = parts;
  const chain = createChain(video, parts);
  try {
    if (takenOver) {
      await chain.write((current) => afterLoss(current, NO_PEER, clock.now(), policy), dropInputsAtEnd);
      bell.ring('admit');
      return;
    }
    const { prepared, warnings } = await prepareFrames(parts, chain, signal);
    const queued = await chain.write(
      (current) => admit(current, prepared, warnings, clock.now(), policy),
      () => ({ dropInputs: true }),
    );
    parts.meter.observe('inbetween_admission_seconds', (queued.updatedAt - queued.createdAt) / 1000);
    bell.ring('generate');
    bell.ring(`video:${video.id}`);
    await parts.artifacts.removeAll(`${videoPrefix(video.id)}inputs/`);
  } catch (error) {
    if (error instanceof Superseded) return;
    await endBadly(parts, chain, error, signal);
  }
}

async function endBadly(parts: AdmitParts, chain: Chain, error: unknown, signal: AbortSignal): Promise<void> {
  const { clock, policy, log } = parts;
  if (chain.video.status !== 'pending') {
    log.warn({ video: chain.video.id, err: error }, 'after admission');
    return;
  }
  const fault = asFault(error);
  if (!signal.aborted)
    log.warn({ video: chain.video.id, code: fault.code, err: fault.cause ?? fault }, 'a video could not be admitted');
  try {
    const written = await chain.write(
      (current) =>
        signal.aborted ? giveBack(current, clock.now()) : afterFault(current, fault, NO_PEER, clock.now(), policy),
      dropInputsAtEnd,
    );
    parts.bell.ring(`video:${written.id}`);
  } catch (again) {
    if (!(again instanceof Superseded)) throw again;
  }
}

async function prepareFrames(
  parts: AdmitParts,
  chain: Chain,
  signal: AbortSignal,
): Promise<{ prepared: PreparedFrames; warnings: readonly Warning[] }> {
  const { video } = chain;
  const sources = video.sources;
  if (sources === null) throw new Error(`${video.id} is pending and has no frame sources`);
  if (FRAME_ROLES.some((role) => sources[role].kind === 'url'))
    await chain.write((current) => fetching(current, parts.clock.now()));
  const pictures = await readPictures(parts, video, sources, signal);
  await using pair = await parts.preparer.prepare(pictures, video.generation.size, signal);
  await moderate(parts, video, pair.frames, signal);
  const [first, last] = await Promise.all(
    FRAME_ROLES.map((role) =>
      parts.artifacts.put(`${videoPrefix(video.id)}frames/${role}.png`, pair.frames[role].png, 'image/png', signal),
    ),
  );
  if (first === undefined || last === undefined) throw new Error('two frames were put');
  return { prepared: { ...pair.size, first, last }, warnings: frameWarnings(pair, video.generation.wished) };
}

async function readPictures(
  parts: AdmitParts,
  video: Video,
  sources: Frames<FrameSource>,
  signal: AbortSignal,
): Promise<Frames<Uint8Array>> {
  const [first, last] = await Promise.all(
    FRAME_ROLES.map((role) => readPicture(parts, video, role, sources[role], signal)),
  );
  if (first === undefined || last === undefined) throw new Error('two frames were read');
  return { first, last };
}

async function readPicture(
  parts: AdmitParts,
  video: Video,
  role: FrameRole,
  source: FrameSource,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const param = role === 'first' ? 'images[0]' : 'images[1]';
  switch (source.kind) {
    case 'row':
      return present(await parts.store.input(video.id, role), param);
    case 'artifact': {
      const opened = await parts.artifacts.open(source.key, undefined, signal);
      return present(opened && (await readWhole(opened)), param);
    }
    case 'sample':
      return parts.sample(source.name);
    case 'url':
      return fetchPicture(parts.fetcher, source.url, param, signal);
  }
}

function present(bytes: Uint8Array | undefined, param: string): Uint8Array {
  if (bytes !== undefined) return bytes;
  throw new Error(`the posted bytes of ${param} are gone`);
}
