import { sql } from 'kysely';
import type { EventStore } from '../../../ports/store.ts';
import type { SqlDialect } from './dialect.ts';

/** The outbox along `event_by_time`, which holds all that is read here. */
export function eventStore({ reader }: SqlDialect): EventStore {
  return {
    async after({ at, video, version }, limit) {
      const rows = await reader
        .selectFrom('event')
        .select(['at', 'video', 'version', 'owner', 'type'])
        .where(sql<boolean>`(at, video, version) > (${at}, ${video}, ${version})`)
        .orderBy('at')
        .orderBy('video')
        .orderBy('version')
        .limit(limit)
        .execute();
      return rows.map((row) => ({ ...row, at: Number(row.at), version: Number(row.version) }));
    },
  };
}
