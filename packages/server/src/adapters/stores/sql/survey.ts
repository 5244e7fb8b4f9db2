import type { Kysely } from 'kysely';
import type { ClaimWish } from '../../../ports/store.ts';
import { begunOf } from './claimable.ts';
import type { SqlDialect } from './dialect.ts';
import type { Tables } from './schema.ts';
import { lapsedSlots } from './slots.ts';
import type { VideoRow } from './video-row.ts';

/** What a claim must know before it looks at single videos. */
export interface Survey {
  /** Some slots' time is over. */
  readonly lapsed: boolean;
  /** Some owner has a running limit. */
  readonly limited: boolean;
  /** One of the wish's backends: how many of its slots are taken, and whether anything that was begun before is due. */
  of(backend: string): { readonly slotsTaken: number; readonly begun: boolean };
}

/**
 * One statement for all of it: claims of a fleet go one after the other, and most of their time is the way to the database
 * and back.
 */
export async function survey(
  dialect: SqlDialect,
  transaction: Kysely<Tables>,
  wish: ClaimWish,
  placed: readonly VideoRow[],
): Promise<Survey> {
  const backends = Object.keys(wish.slots);
  const row: Readonly<Record<string, unknown>> = await transaction
    .selectNoFrom(({ exists, or, selectFrom }) => [
      exists(lapsedSlots(transaction, wish.now)).as('lapsed'),
      exists(selectFrom('owner').select('owner.id').where('owner.running_limit', 'is not', null)).as('limited'),
      ...backends.flatMap((backend, n) => [
        selectFrom('backend_slot')
          .select(({ fn }) => fn.countAll<number>().as('slots'))
          .where('backend', '=', backend)
          .as(`taken_${n}`),
        or(begunOf(dialect, transaction, wish, backend, placed).map((query) => exists(query))).as(`begun_${n}`),
      ]),
    ])
    .executeTakeFirstOrThrow();
  return {
    lapsed: Boolean(row['lapsed']),
    limited: Boolean(row['limited']),
    of(backend) {
      const n = backends.indexOf(backend);
      return { slotsTaken: Number(row[`taken_${n}`]), begun: Boolean(row[`begun_${n}`]) };
    },
  };
}
