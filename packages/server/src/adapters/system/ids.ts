import { randomBytes, randomInt } from 'node:crypto';
import type { ApiKeyId, EndpointId, FileId, VideoId, WorkerId } from '../../domain/id.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Ids } from '../../ports/ids.ts';
import { systemClock } from './clock.ts';
import { newSecret } from './secret.ts';

/** Crockford's base 32, lower case: no `i`, `l`, `o`, `u`, and in ASCII order, so that text sorts as the number does. */
const CROCKFORD = '0123456789abcdefghjkmnpqrstvwxyz';

const RANDOM_BITS = 80;

/** 48 bits of time, then 80 random bits, as 26 characters (a ULID in lower case). */
function sortableId(clock: Clock): string {
  const random = BigInt(`0x${randomBytes(RANDOM_BITS / 8).toString('hex')}`);
  let rest = (BigInt(clock.now()) << BigInt(RANDOM_BITS)) | random;
  let text = '';
  for (let place = 0; place < 26; place += 1) {
    text = CROCKFORD.charAt(Number(rest & 31n)) + text;
    rest >>= 5n;
  }
  return text;
}

/** Ids from the operating system's randomness. */
export function createIds(clock: Clock): Ids {
  return {
    video: () => `video_${sortableId(clock)}` as VideoId,
    file: () => `file_${sortableId(clock)}` as FileId,
    apiKey: () => `key_${sortableId(clock)}` as ApiKeyId,
    audit: () => `audit_${sortableId(clock)}`,
    worker: () => `worker_${sortableId(clock)}` as WorkerId,
    endpoint: () => `whe_${sortableId(clock)}` as EndpointId,
    webhookSecret: () => `whsec_${randomBytes(32).toString('base64')}`,
    fraction: () => Math.random(),
    seed: () => randomInt(2 ** 31),
    secret: newSecret,
  };
}

export const systemIds: Ids = createIds(systemClock);
