import { type Kysely, sql } from 'kysely';
import type { ApiKeyId, OwnerId } from '../../../domain/id.ts';
import { type Account, EMPTY_ACCOUNT, type UsageGroup } from '../../../domain/ledger.ts';
import type { LedgerStore } from '../../../ports/ledger.ts';
import type { SqlDialect } from './dialect.ts';
import type { Tables } from './schema.ts';

/** The counters of a month as one sees them here and now. */
export async function readAccount(
  database: Kysely<Tables>,
  owner: OwnerId,
  month: string,
  apiKey: ApiKeyId | '',
): Promise<Account> {
  const row = await database
    .selectFrom('account')
    .selectAll()
    .where('owner', '=', owner)
    .where('api_key', '=', apiKey)
    .where('month', '=', month)
    .executeTakeFirst();
  if (row === undefined) return EMPTY_ACCOUNT;
  return {
    reservedSeconds: Number(row.reserved_seconds),
    reservedMicroUnits: Number(row.reserved_micro_units),
    settledSeconds: Number(row.settled_seconds),
    settledMicroUnits: Number(row.settled_micro_units),
  };
}

const COLUMNS = { day: 'day', key: 'api_key', model: 'model' } as const satisfies Record<UsageGroup, string>;
const COUNTERS = ['succeeded', 'failed', 'cancelled', 'seconds', 'micro_units', 'upstream_micro_units'] as const;

export function ledgerStore({ reader }: SqlDialect): LedgerStore {
  return {
    account: (owner, month, apiKey) => readAccount(reader, owner, month, apiKey ?? ''),
    async lines(video) {
      const rows = await reader
        .selectFrom('ledger_entry')
        .selectAll()
        .where('video', '=', video)
        .orderBy('version')
        .orderBy('n')
        .execute();
      return rows.map((row) => ({
        video: row.video,
        version: Number(row.version),
        owner: row.owner,
        apiKey: row.api_key,
        kind: row.kind,
        seconds: Number(row.seconds),
        microUnits: Number(row.micro_units),
        at: Number(row.at),
        month: row.month,
      }));
    },
    async usage(owner, { from, to, groupBy, apiKey, model, limit, after }) {
      const columns = groupBy.map((group) => sql.ref(COLUMNS[group]));
      const places =
        after && groupBy.map((group) => ({ day: after.day, key: after.apiKey, model: after.model })[group]);
      const shown = (group: UsageGroup) =>
        groupBy.includes(group) ? sql<string>`${sql.ref(COLUMNS[group])}` : sql<string>`''`;
      const rows = await reader
        .selectFrom('usage_day')
        .select(({ fn }) => [
          shown('day').as('day'),
          shown('key').as('api_key'),
          shown('model').as('model'),
          ...COUNTERS.map((name) => fn.sum<number>(name).as(name)),
        ])
        .where('owner', '=', owner)
        .where(sql<boolean>`day between ${from} and ${to}`)
        .$if(apiKey !== undefined, (query) => query.where('api_key', '=', (apiKey ?? '') as ApiKeyId))
        .$if(model !== undefined, (query) => query.where('model', '=', model ?? ''))
        .$if(places !== undefined && columns.length > 0, (query) =>
          query.where(sql<boolean>`(${sql.join(columns)}) < (${sql.join(places ?? [])})`),
        )
        .$if(columns.length > 0, (query) => query.groupBy(columns))
        // Without groups a sum over nothing would still be a row.
        .having(({ fn }) => fn.countAll(), '>', 0)
        .$if(columns.length > 0, (query) => query.orderBy(sql.join(columns.map((column) => sql`${column} desc`))))
        .limit(limit + 1)
        .execute();
      const items = rows.slice(0, limit).map((row) => ({
        day: row.day,
        apiKey: row.api_key,
        model: row.model,
        succeeded: Number(row.succeeded),
        failed: Number(row.failed),
        cancelled: Number(row.cancelled),
        seconds: Number(row.seconds),
        microUnits: Number(row.micro_units),
        upstreamMicroUnits: Number(row.upstream_micro_units),
      }));
      return { items, hasMore: rows.length > limit };
    },
  };
}
