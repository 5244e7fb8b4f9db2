import type { Caller } from '../domain/api-key.ts';
import type { Charge } from '../domain/charge.ts';
import { Fault } from '../domain/fault.ts';
import { FRAME_ROLES, type FrameRole, type Frames, type ReadFrame } from '../domain/frame.ts';
import { frameWarnings } from '../domain/frame-warnings.ts';
import type { CheckedAsk, Warning } from '../domain/generation.ts';
import { fitSides, type Size } from '../domain/size.ts';
import type { Video } from '../domain/video.ts';
import { fetchPicture } from '../ports/fetch-picture.ts';
import type { FramePreparer } from '../ports/frames.ts';
import { chargeFor, checkAllowance } from './budget.ts';
import { contentWord, fingerprint, isOneOf, nameWord } from './fingerprint.ts';
import type { SubmitAsk, SubmitParts } from './submit-ask.ts';
import { checkAsk, checkIdempotencyKey, checkPlace, replay, warningsOf } from './submit-checks.ts';
import { readFrames, readImages } from './submit-frames.ts';

/** What a create would make and cost, had it been one. */
export interface Quote {
  readonly ask: CheckedAsk;
  readonly backend: string;
  /** Of the video; undefined: not known, of one that was made before. */
  readonly size: Size | undefined;
  /** Each picture as it was sent, upright, and the share of it that is cut away. */
  readonly frames: Frames<{ readonly source: Size; readonly lost: number }> | undefined;
  readonly charge: Charge | null;
  /** The video that the Idempotency-Key stands for: a create would answer with it and make nothing. */
  readonly replays: Video | undefined;
  readonly warnings: readonly Warning[];
}

export interface QuoteParts extends SubmitParts {
  readonly preparer: FramePreparer;
  /** Bytes of a frame that is shipped with the server. */
  sample(name: string): Promise<Uint8Array>;
}

/** Quotes fetch and decode pictures for nothing in return, so only so many go on in one process. */
const AT_ONCE = 4;
const AGAIN_MS = 2_000;
/** Two frames are fetched, then prepared. */
const LIMIT_MS = 90_000;

/** Runs every check of a create, fetches and prepares the frames, and keeps nothing. `signal`: the caller has gone. */
export type Quoting = (caller: Caller, ask: SubmitAsk, signal: AbortSignal) => Promise<Quote>;

export function createQuoting(parts: QuoteParts): Quoting {
  let running = 0;
  return async (caller, ask, signal) => {
    if (running >= AT_ONCE) {
      const words = `This server makes ${AT_ONCE} dry runs at once, and it makes them. Try again in a moment.`;
      throw new Fault('overloaded', words, { retryAfterMs: AGAIN_MS });
    }
    running += 1;
    const limit = AbortSignal.timeout(LIMIT_MS);
    try {
      return await quote(parts, caller, ask, AbortSignal.any([signal, limit]));
    } catch (error) {
      if (!limit.aborted || error instanceof Fault) throw error;
      const words = `The frames could not be fetched and decoded within ${LIMIT_MS / 1000} seconds. Try again.`;
      throw new Fault('overloaded', words, { retryAfterMs: AGAIN_MS, cause: error });
    } finally {
      running -= 1;
    }
  };
}

/** @throws Fault: those of a create, and those with which a video fails for its frames */
async function quote(parts: QuoteParts, caller: Caller, ask: SubmitAsk, signal: AbortSignal): Promise<Quote> {
  const checked = checkAsk(parts, caller, ask);
  if (checked.callbackUrl !== undefined) parts.checkCallback(checked.callbackUrl);
  const key = checkIdempotencyKey(ask.idempotencyKey);
  const asked = readImages(ask.images);
  const known = key === undefined ? undefined : await parts.videos.findByKey(caller.owner, key);
  const byName = () => fingerprint(checked, { first: nameWord(asked.first), last: nameWord(asked.last) });
  if (known !== undefined && isOneOf(known.fingerprint, byName())) return ofMade(checked, replay(known.video).video);

  const frames = await readFrames(parts, caller, parts.ids.video(), asked);
  if (known !== undefined) {
    const sources = { first: contentWord(frames.first), last: contentWord(frames.last) };
    const same = isOneOf(known.fingerprint, fingerprint(checked, sources));
    return ofMade(checked, replay(same ? known.video : undefined).video);
  }
  const backend = await checkPlace(parts, checked);
  const charge = chargeFor(parts, caller, checked);
  await checkAllowance(parts, caller, { backend: backend.name, charge });
  const pictures = await picturesOf(parts, frames, signal);
  await using pair = await parts.preparer.prepare(pictures, checked.size, signal);
  const { sides } = backend.capabilities;
  const facts = (role: FrameRole) => ({ source: pair.frames[role].source, lost: pair.frames[role].crop.lost });
  return {
    ask: checked,
    backend: backend.name,
    size: (sides && fitSides(pair.size, sides)) ?? pair.size,
    frames: { first: facts('first'), last: facts('last') },
    charge,
    replays: undefined,
    warnings: [...warningsOf(ask, backend), ...frameWarnings(pair, checked.wished)],
  };
}

function ofMade(ask: CheckedAsk, video: Video): Quote {
  const { backend, prepared, result, warnings } = video;
  return {
    ask,
    backend,
    size: result?.facts ?? prepared ?? undefined,
    frames: undefined,
    charge: null,
    replays: video,
    warnings,
  };
}

async function picturesOf(
  { fetcher, sample }: QuoteParts,
  frames: Frames<ReadFrame>,
  signal: AbortSignal,
): Promise<Frames<Uint8Array>> {
  const [first, last] = await Promise.all(
    FRAME_ROLES.map(async (role) => {
      const { source, bytes } = frames[role];
      if (bytes !== undefined) return bytes;
      if (source.kind === 'sample') return sample(source.name);
      if (source.kind === 'url')
        return fetchPicture(fetcher, source.url, role === 'first' ? 'images[0]' : 'images[1]', signal);
      throw new Error(`a posted ${role} frame came without its bytes`);
    }),
  );
  if (first === undefined || last === undefined) throw new Error('two frames were read');
  return { first, last };
}
