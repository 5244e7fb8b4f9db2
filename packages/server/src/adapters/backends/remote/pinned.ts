import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Json } from '../../../domain/attempt.ts';
import type { AttemptName } from './remote-api.ts';

/**
 * What is saved of an accepted operation: the peer's own handle, and where it belongs. Whoever goes on with it asks the
 * same instance with the same credential, whatever the configuration routes elsewhere by then.
 */
export interface Pinned {
  readonly instance: string;
  readonly attempt: string;
  readonly startedAt: number;
  readonly peer: Json;
  /** The prompt that was sent when it was not the caller's. */
  readonly prompt?: string;
}

const pinned = z.object({
  instance: z.string(),
  attempt: z.string(),
  startedAt: z.number(),
  peer: z.json(),
  prompt: z.string().exactOptional(),
});

/** Reads what was saved; undefined when it is none of a remote backend's. */
export function readPinned(saved: Json): Pinned | undefined {
  return pinned.safeParse(saved).data;
}

/** The names of an attempt. The UUID (version 8: our own hash) is the same for the same attempt on every machine. */
export function nameAttempt(id: string): AttemptName {
  const hash = createHash('sha256').update(`inbetween attempt ${id}`).digest();
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x80;
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80;
  const hex = hash.toString('hex');
  const uuid = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-');
  return { id, uuid };
}
