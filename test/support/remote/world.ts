import { join } from 'node:path';
import { rescalePair } from '../../../packages/server/src/adapters/media/rescale-pair.ts';
import { readAllowList } from '../../../packages/server/src/adapters/net/allow-list.ts';
import { createFetcher } from '../../../packages/server/src/adapters/net/fetcher.ts';
import type { FrameRescaler } from '../../../packages/server/src/ports/frames.ts';
import { createCountingMeter, createQuietLog } from '../fakes.ts';

/** The real guarded fetcher; loopback is no public address unless it is allowed. */
export function quietFetcher(allow = '') {
  const log = createQuietLog();
  const fetcher = createFetcher({ allow: readAllowList(allow), log, meter: createCountingMeter() });
  return { fetcher, log };
}

/** Scales in this process. */
export const sharpRescaler: FrameRescaler = {
  async rescale(frames, to, folder) {
    const outputs = [join(folder, 'first_scaled.png'), join(folder, 'last_scaled.png')] as const;
    await rescalePair(to, [frames.first, frames.last], outputs);
    return { first: outputs[0], last: outputs[1] };
  },
};
