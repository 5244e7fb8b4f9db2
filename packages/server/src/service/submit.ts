import { accept } from '../domain/accept.ts';
import type { Caller } from '../domain/api-key.ts';
import { eventOf } from '../domain/event.ts';
import { FRAME_ROLES, type FrameSource, type Frames } from '../domain/frame.ts';
import type { VideoId } from '../domain/id.ts';
import { videoPrefix } from '../domain/video.ts';
import type { IdempotencyRecord, Inserted } from '../ports/store.ts';
import { allowanceOf, chargeFor, refuse } from './budget.ts';
import { bothPrints, contentWord, fingerprint, isOneOf, nameWord } from './fingerprint.ts';
import { findRepeated } from './repeat.ts';
import type { SubmitAsk, SubmitParts, Submitted } from './submit-ask.ts';
import { checkAsk, checkIdempotencyKey, checkPlace, replay, warningsOf } from './submit-checks.ts';
import { readFrames, readImages, smallFrames, storeLargeFrames } from './submit-frames.ts';

export type { ImageAsk, SubmitAsk, SubmitParts, Submitted } from './submit-ask.ts';

/**
 * Accepts an ask: everything that can be checked without the network is checked, then the video and its posted pictures
 * become durable together. When this resolves, the video will reach exactly one terminal state whatever is killed.
 *
 * @throws Fault that names the field, the limit and the remedy; then nothing was stored
 */
export async function submit(parts: SubmitParts, caller: Caller, ask: SubmitAsk): Promise<Submitted> {
  const checked = checkAsk(parts, caller, ask);
  if (checked.callbackUrl !== undefined) await parts.acceptCallback(caller.owner, checked.callbackUrl);
  const key = checkIdempotencyKey(ask.idempotencyKey);
  const asked = readImages(ask.images);
  // Only where an ask can be a repeated one: hashing the pictures takes as long as all other checks together.
  const byName = () => fingerprint(checked, { first: nameWord(asked.first), last: nameWord(asked.last) });
  const known = key === undefined ? undefined : await parts.videos.findByKey(caller.owner, key);
  if (known !== undefined && isOneOf(known.fingerprint, byName())) return replay(known.video);

  const id = parts.ids.video();
  const frames = await readFrames(parts, caller, id, asked);
  const sources: Frames<FrameSource> = { first: frames.first.source, last: frames.last.source };
  const byContent = () => fingerprint(checked, { first: contentWord(frames.first), last: contentWord(frames.last) });
  if (known !== undefined) return replay(isOneOf(known.fingerprint, byContent()) ? known.video : undefined);
  let record: IdempotencyRecord | undefined =
    key === undefined ? undefined : { key, fingerprint: bothPrints(byName(), byContent()) };
  if (key === undefined && ask.repeat !== undefined) {
    const found = await findRepeated(parts.videos, caller.owner, ask.repeat, byContent(), parts.clock.now());
    if ('id' in found) return { video: found, replayed: true };
    record = found;
  }

  const backend = await checkPlace(parts, checked);
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
      charge: chargeFor(parts, caller, generation),
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
      within: allowanceOf(caller),
    });
  } catch (error) {
    if (large) await takeBack(parts, id);
    throw error;
  }
  if (inserted.outcome !== 'inserted') {
    if (large) await parts.artifacts.removeAll(videoPrefix(id));
    if (inserted.outcome === 'replayed') return replay(inserted.video);
    if (inserted.outcome === 'refused') throw await refuse(parts, caller, video, inserted.refusal);
    // Somebody was quicker, perhaps with the same pictures sent in another way.
    const quicker = key === undefined ? undefined : await parts.videos.findByKey(caller.owner, key);
    return replay(quicker !== undefined && isOneOf(quicker.fingerprint, byContent()) ? quicker.video : undefined);
  }
  parts.queue?.accepted();
  parts.meter.count('inbetween_videos_created_total');
  parts.bell.ring('admit');
  return { video: inserted.video, replayed: false };
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
