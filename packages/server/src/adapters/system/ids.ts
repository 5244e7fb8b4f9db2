import { randomBytes, randomFillSync, randomInt } from 'node:crypto';
import type { ApiKeyId, EndpointId, FileId, VideoId, WorkerId } from '../../domain/id.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Ids } from '../../ports/ids.ts';
import { systemClock } from './clock.ts';
import { newSecret } from './secret.ts';

/** Crockford's base 32, lower case: no `i`, `l`, `o`, `u`, and in ASCII order, so that text sorts as the number does. */
const CROCKFORD = '0123456789abcdefghjkmnpqrstvwxyz';

/** Characters of the time in milliseconds, 48 bits, and bytes of chance behind it. */
const TIME_LENGTH = 10;
const RANDOM_BYTES = 10;

/** Randomness is asked for in stock: asking costs as much as everything else of an id together. */
const stock = Buffer.alloc(RANDOM_BYTES * 100);
let used = stock.length;

/** 48 bits of time, then 80 random bits, as 26 characters (a ULID in lower case). */
function sortableId(clock: Clock): string {
  let text = '';
  let rest = clock.now();
  for (let place = 0; place < TIME_LENGTH; place += 1) {
    text = CROCKFORD.charAt(rest % 32) + text;
    rest = Math.floor(rest / 32);
  }
  if (used === stock.length) {
    randomFillSync(stock);
    used = 0;
  }
  // Five bytes are eight characters.
  for (const end = used + RANDOM_BYTES; used < end; used += 5) {
    const high = stock.readUInt16BE(used);
    const low = stock.readUIntBE(used + 2, 3);
    text += CROCKFORD.charAt(high >> 11) + CROCKFORD.charAt((high >> 6) & 31) + CROCKFORD.charAt((high >> 1) & 31);
    text += CROCKFORD.charAt(((high & 1) << 4) | (low >> 20)) + CROCKFORD.charAt((low >> 15) & 31);
    text += CROCKFORD.charAt((low >> 10) & 31) + CROCKFORD.charAt((low >> 5) & 31) + CROCKFORD.charAt(low & 31);
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
