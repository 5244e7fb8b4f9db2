import type { Kysely } from 'kysely';
import { sql } from 'kysely';
import type { ApiKeyId, OwnerId } from '../../../domain/id.ts';
import {
  type Account,
  accountOf,
  EMPTY_ACCOUNT,
  linesBetween,
  periodsOf,
  usageBetween,
} from '../../../domain/ledger.ts';
import { type Allowance, type Budget, exceeded, type Refusal } from '../../../domain/owner.ts';
import type { Video } from '../../../domain/video.ts';
import { compiledWrite } from './compiled.ts';
import type { SqlDialect } from './dialect.ts';
import { readAccount } from './ledger.ts';
import type { Tables } from './schema.ts';

/** Thrown inside an insert, so that it is undone whole. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(`over the limit on ${refusal.limit}`);
    this.refusal = refusal;
  }
}

/** Keeps the ledger and its counters with the videos they are about. */
export interface Books {
  /** Holds a new video to what its owner and its key may have, and reserves what it may cost. @throws Refused */
  open(transaction: Kysely<Tables>, video: Video, within: Allowance | undefined): Promise<void>;
  /** Writes what follows from a write of a video. */
  keep(transaction: Kysely<Tables>, previous: Video, next: Video, upstreamCost: number | undefined): Promise<void>;
}

/** More than any budget. */
const UNLIMITED = Number.MAX_SAFE_INTEGER;
const NO_OWNER = '' as OwnerId;

export function booksOf(dialect: SqlDialect): Books {
  const insertLine = compiledWrite(dialect, (database) =>
    database.insertInto('ledger_entry').values({
      video: '' as Video['id'],
      version: 0,
      n: 0,
      owner: NO_OWNER,
      api_key: null,
      kind: 'reserve',
      seconds: 0,
      micro_units: 0,
      at: 0,
      month: '',
    }),
  );
  /** One statement checks and adds, so of two that race for the last seconds one finds them gone. */
  const addToAccount = compiledWrite(dialect, (database) =>
    database
      .insertInto('account')
      .values({
        owner: NO_OWNER,
        api_key: '',
        month: '',
        reserved_seconds: 0,
        reserved_micro_units: 0,
        settled_seconds: 0,
        settled_micro_units: 0,
      })
      .onConflict((conflict) =>
        conflict
          .columns(['owner', 'api_key', 'month'])
          .doUpdateSet({
            reserved_seconds: sql`account.reserved_seconds + excluded.reserved_seconds`,
            reserved_micro_units: sql`account.reserved_micro_units + excluded.reserved_micro_units`,
            settled_seconds: sql`account.settled_seconds + excluded.settled_seconds`,
            settled_micro_units: sql`account.settled_micro_units + excluded.settled_micro_units`,
          })
          .where(
            sql<number>`account.reserved_seconds + account.settled_seconds + excluded.reserved_seconds + excluded.settled_seconds`,
            '<=',
            sql<number>`${UNLIMITED}`,
          )
          .where(
            sql<number>`account.reserved_micro_units + account.settled_micro_units + excluded.reserved_micro_units + excluded.settled_micro_units`,
            '<=',
            sql<number>`${UNLIMITED}`,
          ),
      ),
  );
  const addToDay = compiledWrite(dialect, (database) =>
    database
      .insertInto('usage_day')
      .values({
        owner: NO_OWNER,
        day: '',
        api_key: '',
        model: '',
        succeeded: 0,
        failed: 0,
        cancelled: 0,
        seconds: 0,
        micro_units: 0,
        upstream_micro_units: 0,
      })
      .onConflict((conflict) =>
        conflict.columns(['owner', 'day', 'api_key', 'model']).doUpdateSet({
          succeeded: sql`usage_day.succeeded + excluded.succeeded`,
          failed: sql`usage_day.failed + excluded.failed`,
          cancelled: sql`usage_day.cancelled + excluded.cancelled`,
          seconds: sql`usage_day.seconds + excluded.seconds`,
          micro_units: sql`usage_day.micro_units + excluded.micro_units`,
          upstream_micro_units: sql`usage_day.upstream_micro_units + excluded.upstream_micro_units`,
        }),
      ),
  );

  async function add(
    transaction: Kysely<Tables>,
    video: Video,
    apiKey: ApiKeyId | '',
    change: Account,
    { monthlySeconds = UNLIMITED, monthlyMicroUnits = UNLIMITED }: Budget = {},
  ): Promise<boolean> {
    const { reservedSeconds, reservedMicroUnits, settledSeconds, settledMicroUnits } = change;
    const { month } = periodsOf(video);
    const amounts = [reservedSeconds, reservedMicroUnits, settledSeconds, settledMicroUnits];
    const rows = await addToAccount(
      transaction,
      video.owner,
      apiKey,
      month,
      ...amounts,
      monthlySeconds,
      monthlyMicroUnits,
    );
    return rows > 0;
  }

  async function reserve(
    transaction: Kysely<Tables>,
    video: Video,
    holder: 'owner' | 'key',
    change: Account,
    budget: Budget,
  ): Promise<void> {
    const apiKey = holder === 'owner' ? '' : video.apiKey;
    if (apiKey === null) return;
    const ask = { seconds: change.reservedSeconds, microUnits: change.reservedMicroUnits };
    const alone = exceeded(budget, EMPTY_ACCOUNT, ask);
    if (alone !== undefined) throw new Refused({ limit: alone, holder });
    if (await add(transaction, video, apiKey, change, budget)) return;
    const account = await readAccount(transaction, video.owner, periodsOf(video).month, apiKey);
    throw new Refused({ limit: exceeded(budget, account, ask) ?? 'seconds', holder });
  }

  async function write(
    transaction: Kysely<Tables>,
    video: Video,
    lines: ReturnType<typeof linesBetween>,
  ): Promise<void> {
    const { id, version, owner, apiKey, updatedAt } = video;
    const { month } = periodsOf(video);
    for (const [n, { kind, seconds, microUnits }] of lines.entries())
      await insertLine(transaction, id, version, n, owner, apiKey, kind, seconds, microUnits, updatedAt, month);
  }

  return {
    async open(transaction, video, within = {}) {
      if (within.queued !== undefined) await holdQueue(dialect, transaction, video.owner, within.queued);
      const lines = linesBetween(undefined, video, undefined);
      if (lines.length === 0) return;
      const change = accountOf(lines);
      await reserve(transaction, video, 'owner', change, within.owner ?? {});
      await reserve(transaction, video, 'key', change, within.key ?? {});
      await write(transaction, video, lines);
    },
    async keep(transaction, previous, next, upstreamCost) {
      const usage = usageBetween(previous, next, upstreamCost);
      if (usage === undefined) return;
      const lines = linesBetween(previous, next, upstreamCost);
      const { owner, apiKey, generation } = next;
      await write(transaction, next, lines);
      if (lines.some(({ kind }) => kind !== 'upstream_cost')) {
        const change = accountOf(lines);
        await add(transaction, next, '', change);
        if (apiKey !== null) await add(transaction, next, apiKey, change);
      }
      const { succeeded, failed, cancelled, seconds, microUnits, upstreamMicroUnits } = usage;
      const counts = [succeeded, failed, cancelled, seconds, microUnits, upstreamMicroUnits];
      await addToDay(transaction, owner, periodsOf(next).day, apiKey ?? '', generation.model, ...counts);
    },
  };
}

/** Looks whether the last of the places that there are is taken. @throws Refused */
async function holdQueue(
  dialect: SqlDialect,
  transaction: Kysely<Tables>,
  owner: OwnerId,
  most: number,
): Promise<void> {
  // What waits is counted, then one more is inserted: two that did so side by side would each see the last free place.
  await dialect.alone(transaction, `queue of ${owner}`);
  const last = transaction
    .selectFrom('video')
    .select('id')
    .where('owner', '=', owner)
    .where('status', 'in', ['pending', 'queued'])
    .where('deleted_at', 'is', null)
    .limit(1)
    .offset(most - 1);
  if (most === 0 || (await last.executeTakeFirst()) !== undefined) throw new Refused({ limit: 'queued', most });
}
