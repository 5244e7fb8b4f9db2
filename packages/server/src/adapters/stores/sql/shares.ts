import type { Kysely } from 'kysely';
import type { OwnerId } from '../../../domain/id.ts';
import type { Tables } from './schema.ts';

/** How many more slots owners may take, kept up to date while a claim goes on. */
export interface Shares {
  /** Some owner has a running limit. */
  readonly limited: boolean;
  /** Owners that have as many slots as they may. */
  readonly full: readonly OwnerId[];
  use(owner: OwnerId): void;
}

/** No owner has a running limit. */
export const UNLIMITED: Shares = { limited: false, full: [], use: () => undefined };

/** Counts by slots, over all backends: they are what is short, and what goes on at a peer for a cancelled video has one. */
export async function sharesOf(transaction: Kysely<Tables>): Promise<Shares> {
  const limits = await transaction
    .selectFrom('owner')
    .select(['id', 'running_limit'])
    .where('running_limit', 'is not', null)
    .execute();
  if (limits.length === 0) return UNLIMITED;
  const left = new Map(limits.map(({ id, running_limit: most }) => [id, most ?? 0]));
  function use(owner: OwnerId): void {
    const slots = left.get(owner);
    if (slots !== undefined) left.set(owner, slots - 1);
  }
  const held = await transaction
    .selectFrom('backend_slot')
    .innerJoin('video', 'video.id', 'backend_slot.video')
    .select('video.owner')
    .execute();
  for (const { owner } of held) use(owner);
  return {
    limited: true,
    get full() {
      return [...left].filter(([, slots]) => slots <= 0).map(([id]) => id);
    },
    use,
  };
}
