import type { Kysely } from 'kysely';
import { attemptId } from '../../../domain/id.ts';
import { hasOpenOperation, type Video } from '../../../domain/video.ts';
import type { Tables } from './schema.ts';

/** A backend's places, kept up to date while a claim goes on. */
export interface Places {
  readonly free: number;
  /** Takes the lowest free place; false: another process was quicker, or there is none. */
  take(video: Video): Promise<boolean>;
}

/** Slots whose finished videos left them behind and whose time is over. */
export function lapsedSlots(transaction: Kysely<Tables>, now: number) {
  return transaction
    .selectFrom('backend_slot')
    .select('backend_slot.video')
    .where('backend_slot.until', '<=', now)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('video')
            .select('video.id')
            .whereRef('video.id', '=', 'backend_slot.video')
            .where('video.completed_at', 'is', null),
        ),
      ),
    );
}

export async function freeLapsedSlots(transaction: Kysely<Tables>, now: number): Promise<void> {
  await transaction
    .deleteFrom('backend_slot')
    .where('until', '<=', now)
    .where('video', 'in', lapsedSlots(transaction, now))
    .execute();
}

/**
 * @param slots how many places the backend has
 * @param taken how many are; which ones is read only when one is to be given
 */
export function placesOf(transaction: Kysely<Tables>, backend: string, slots: number, taken: number): Places {
  let numbers: Set<number> | undefined = taken === 0 ? new Set() : undefined;

  async function takenNumbers(): Promise<Set<number>> {
    const rows = await transaction.selectFrom('backend_slot').select('n').where('backend', '=', backend).execute();
    return new Set(rows.map((row) => row.n));
  }

  return {
    get free() {
      return Math.max(0, slots - (numbers?.size ?? taken));
    },
    async take(video) {
      numbers ??= await takenNumbers();
      if (numbers.size >= slots) return false;
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
