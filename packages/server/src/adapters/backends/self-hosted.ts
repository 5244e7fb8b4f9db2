import { inspectMp4File } from '@inbetween/renderer';
import type { z } from 'zod';
import { Fault } from '../../domain/fault.ts';
import type { PeerAddress, PeerReply } from './remote/peer-http.ts';
import { NoReply, type Probed } from './remote/remote-api.ts';
import { faultOfStatus } from './remote/reply-fault.ts';

/** What the adapters of engines on somebody's own machines have in common. Causes are for the operator's log only. */

/** What Wan's 14B models were trained on. */
export const WAN_FPS = 16;

/** Wan makes 4n+1 frames: 81 for 5 s at 16 fps. */
export function framesFor(seconds: number, fps: number): number {
  return Math.max(1, Math.round((seconds * fps) / 4)) * 4 + 1;
}

/**
 * The body of a good answer.
 * @throws Fault for an error status; NoReply for a good status with a body that is none of this engine's
 */
export function readAs<T>(engine: string, reply: PeerReply, schema: z.ZodType<T>): T {
  if (reply.status < 200 || reply.status > 299) throw faultOfStatus(reply);
  const read = schema.safeParse(reply.json);
  if (read.success) return read.data;
  throw new NoReply(`an answer that is none of ${engine}'s: ${reply.text.slice(0, 200)}`, true, read.error);
}

/**
 * Whether the file is there whose first byte was asked for.
 * @throws Fault or NoReply for an answer that says neither yes nor no
 */
export function isThere(reply: PeerReply): boolean {
  if (reply.status === 200 || reply.status === 206) return true;
  // 416: there, and empty.
  if (reply.status === 404 || reply.status === 416) return false;
  throw faultOfStatus(reply);
}

/** The engine tried and failed; another try may go better. */
export function engineFailed(why: string): Fault {
  const cause = new Error(why.slice(0, 500));
  return new Fault('backend_failed', 'The service that makes the video failed.', { cause });
}

/** Nothing a caller could change, and no other try would help. */
export function notSetUp(why: string, cause?: unknown): Fault {
  const message = 'The service that makes the video is not set up for this model.';
  return new Fault('backend_misconfigured', message, { cause: new Error(why.slice(0, 2_000), { cause }) });
}

/** A probe of an engine that could not be asked. @throws what is no answer at all */
export function unreachable(engine: string, { url }: PeerAddress, error: unknown, signal: AbortSignal): Probed {
  signal.throwIfAborted();
  if (!(error instanceof Fault) && !(error instanceof NoReply)) throw error;
  const why = error instanceof Fault && error.cause instanceof Error ? error.cause.message : error.message;
  return { problems: [`no ${engine} answers at ${url}: ${why.slice(0, 200)}`] };
}

/** A file that an engine left when it ended may be a part of a video, because it is written in place. */
export async function checkLeftFile(path: string): Promise<void> {
  try {
    await inspectMp4File(path);
  } catch (cause) {
    throw new Fault('backend_failed', 'The service that was making the video was restarted.', { cause });
  }
}
