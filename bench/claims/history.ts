import type { VideoId } from '../../packages/server/src/domain/id.ts';
import { begin, remember, succeed } from '../../packages/server/src/domain/transitions.ts';
import type { Store } from '../../packages/server/src/ports/store.ts';
import {
  NOW,
  POLICY,
  queued,
  RESULT,
  videoId,
} from '../../packages/server/src/ports/store-contract/fixtures.contract.ts';

/** The history belongs to as many owners as the queue, evenly. */
export const HISTORY_OWNERS = 100;
/** One finished row, as the store writes it, which the others are copies of. */
const MODEL = 9_000_000;
export const MODEL_ID = videoId(MODEL);
const DAY_MS = 86_400_000;

/** The id of the n-th finished video, from 1. */
export function historyId(n: number): VideoId {
  return `video_h${String(n).padStart(25, '0')}` as VideoId;
}

export async function insertModel({ videos }: Store): Promise<void> {
  const at = NOW - 40 * DAY_MS;
  const running = remember(begin(queued(MODEL, { at }), at, POLICY), { task: 'of old' }, at);
  await videos.insert(succeed(running, RESULT, at, POLICY), {});
}

/**
 * The statement that copies the finished row, written past the store: a million inserts one by one take an hour. They are
 * spread over owners and over thirty days.
 *
 * @param numbers a table expression `n(i)` of the numbers to make
 * @param text `i` as text, padded to 25 digits
 */
export function copyStatement(columns: readonly string[], numbers: string, text: string): string {
  const instant = (column: string) => `${column} + i * 2000`;
  const own: Readonly<Record<string, string>> = {
    id: `'video_h' || ${text}`,
    owner: `'owner-' || (i % ${HISTORY_OWNERS})`,
    created_at: instant('created_at'),
    completed_at: instant('completed_at'),
  };
  const values = columns.map((column) => own[column] ?? column);
  return `insert into video (${columns.join(', ')}) select ${values.join(', ')} from ${numbers}, video where video.id = '${MODEL_ID}'`;
}
