import type { Kysely } from 'kysely';
import type { Video } from '../../../domain/video.ts';
import type { VideoStore } from '../../../ports/store.ts';
import type { Books } from './books.ts';
import type { SqlDialect } from './dialect.ts';
import type { WriteEffects } from './effects.ts';
import type { Tables } from './schema.ts';
import { replaceTags } from './tags.ts';
import { placeInQueue } from './turns.ts';
import { update } from './update.ts';

/** Compare and set: the version is the fence. */
export function swapping(dialect: SqlDialect, writeEffects: WriteEffects, books: Books): VideoStore['swap'] {
  return (previous, next, effects) =>
    dialect.write(async (transaction) => {
      const joins = previous.status !== 'queued' && next.status === 'queued';
      const place = joins ? await placeInQueue(transaction, next) : {};
      const written = await update(transaction, previous, next, place);
      if (written === undefined) return 'stale';
      await replaceTags(transaction, previous, written);
      await keepSlot(transaction, previous, written);
      await books.keep(transaction, previous, written, effects.upstreamCost);
      await writeEffects(transaction, written, effects);
      return written;
    });
}

/** A slot is given up at the deadline of its attempt, should its video end without freeing it and nobody ever do so. */
async function keepSlot(transaction: Kysely<Tables>, previous: Video, next: Video): Promise<void> {
  if (next.deadlineAt === null || next.deadlineAt === previous.deadlineAt) return;
  await transaction.updateTable('backend_slot').set({ until: next.deadlineAt }).where('video', '=', next.id).execute();
}
