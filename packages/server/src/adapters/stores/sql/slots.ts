import type { Kysely } from 'kysely';
import { attemptId, type VideoId } from '../../../domain/id.ts';
import { hasOpenOperation, type Video } from '../../../domain/video.ts';
import type { Tables } from './schema.ts';

/** What of one backend's slots is taken, kept up to date while a claim goes on. */
export interface Taken {
  /** Videos that hold a slot, are due and are held by no living worker. */
  readonly dueHolders: readonly VideoId[];
  readonly free: number;
  /** Takes the lowest free slot; false: another process was quicker. */
  take(video: Video): Promise<boolean>;
}

/** Gives up slots whose finished videos left them behind and whose time is over. */
export async function freeLapsedSlots(transaction: Kysely<Tables>, now: number): Promise<void> {
  await transaction
    .deleteFrom('backend_slot')
    .where('until', '<=', now)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('video')
            .select('video.id')
            .whereRef('video.id', '=', 'backend_slot.video')
            .where('video.completed_at', 'is', null),
        ),
      ),
    )
    .execute();
}

/** Reads what of a backend's `slots` places is taken. */
export async function takenSlots(
  transaction: Kysely<Tables>,
  backend: string,
  slots: number,
  now: number,
): Promise<Taken> {
  // Left joins, because the few slots must be the outer loop, not the many videos.
  const rows = await transaction
    .selectFrom('backend_slot')
    .leftJoin('video', 'video.id', 'backend_slot.video')
    .leftJoin('worker', (join) => join.onRef('worker.id', '=', 'video.worker').on('worker.until', '>', now))
    .select(['backend_slot.n', 'backend_slot.video', 'video.due_at', 'worker.id as living'])
    .where('backend_slot.backend', '=', backend)
    .execute();
  const numbers = new Set(rows.map((row) => row.n));

  return {
    dueHolders: rows
      .filter(({ due_at, living }) => due_at !== null && due_at <= now && living === null)
      .map(({ video }) => video),
    get free() {
      return Math.max(0, slots - numbers.size);
    },
    async take(video) {
      let n = 0;
      while (numbers.has(n)) n += 1;
      numbers.add(n);
      const { numInsertedOrUpdatedRows } = await transaction
        .insertInto('backend_slot')
        .values({ backend, instance: '', n, video: video.id, attempt: attemptOf(video), until: video.deadlineAt })
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirstOrThrow();
      return numInsertedOrUpdatedRows === 1n;
    },
  };
}

/** The attempt that the slot is for: the one that goes on at a peer, or the one that is about to begin. */
function attemptOf(video: Video): string {
  const open = hasOpenOperation(video) ? video.attempt : null;
  return open?.id ?? attemptId(video.id, video.tries.begun + 1);
}
