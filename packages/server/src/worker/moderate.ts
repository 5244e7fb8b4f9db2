import { Fault } from '../domain/fault.ts';
import type { FrameRole } from '../domain/frame.ts';
import type { Video } from '../domain/video.ts';
import type { ByteSource } from '../ports/artifacts.ts';
import type { Log } from '../ports/log.ts';
import type { Meter } from '../ports/meter.ts';
import type { Moderator } from '../ports/moderator.ts';

/** The operator's check of what is asked for. */
export interface Moderation {
  readonly moderator: Moderator;
  /** Without a verdict: `closed` admits nothing, `open` admits what could not be judged. */
  readonly withoutVerdict: 'closed' | 'open';
}

interface ModerateParts {
  readonly moderation?: Moderation | undefined;
  readonly log: Log;
  readonly meter: Meter;
}

/**
 * Asks for a verdict on a video whose frames are prepared and stored nowhere yet. The write that follows it, to `queued`
 * or to `failed`, is the memory of the verdict: a video that has been judged is never judged again.
 *
 * @throws Fault `content_rejected`; or `moderation_unavailable` (tried again like any fault) when closed
 */
export async function moderate(
  { moderation, log, meter }: ModerateParts,
  { id, owner, generation }: Video,
  frames: Readonly<Record<FrameRole, { readonly png: ByteSource }>>,
  signal: AbortSignal,
): Promise<void> {
  if (moderation === undefined) return;
  const { model, prompt, negativePrompt } = generation;
  const pictures = { first: frames.first.png, last: frames.last.png };
  const count = (outcome: 'allowed' | 'rejected' | 'unavailable') =>
    meter.count('inbetween_moderations_total', { outcome });
  try {
    const ask = { video: id, owner, model, prompt, negativePrompt, frames: pictures };
    const verdict = await moderation.moderator.judge(ask, signal);
    count(verdict.allowed ? 'allowed' : 'rejected');
    if (verdict.allowed) return;
    log.info({ video: id, owner, param: verdict.param, reason: verdict.reason }, 'the content check rejected a video');
    throw rejected(verdict.param);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof Fault) || error.code !== 'moderation_unavailable') throw error;
    count('unavailable');
    if (moderation.withoutVerdict === 'closed') throw error;
    log.warn({ video: id, owner, err: error.cause ?? error }, 'a video was admitted without a verdict');
  }
}

function rejected(param: string | undefined): Fault {
  const what = param ?? 'The prompt or a frame';
  return new Fault('content_rejected', `${what} was rejected by the content check of this server.`, {
    ...(param === undefined ? {} : { param }),
  });
}
