import { sql } from 'kysely';
import type { Store } from '../../../ports/store.ts';
import { auditStore } from './audit.ts';
import { backendStore } from './backends.ts';
import { booksOf } from './books.ts';
import { claim } from './claim.ts';
import type { SqlDialect } from './dialect.ts';
import { due } from './due.ts';
import { effectsWriter } from './effects.ts';
import { eventStore } from './events.ts';
import { fileStore } from './files.ts';
import { finding } from './find.ts';
import { inserting } from './insert.ts';
import { keyStore } from './keys.ts';
import { ledgerStore } from './ledger.ts';
import { list } from './list.ts';
import {
  backendsInUse,
  counts,
  heldBy,
  kept,
  nextDue,
  openAttempts,
  queuePositions,
  recent,
  waitingCount,
} from './queue.ts';
import { rateOf } from './rate.ts';
import { secretStore } from './secrets.ts';
import { swapping } from './swap.ts';
import { webhookStore } from './webhooks.ts';
import { workerStore } from './workers.ts';

/** The store over any SQL database whose schema is up to date. */
export function createSqlStore(dialect: SqlDialect): Store {
  const writeEffects = effectsWriter(dialect);
  const books = booksOf(dialect);
  return {
    videos: {
      ...finding(dialect),
      insert: inserting(dialect, writeEffects, books),
      list: (owner, page) => list(dialect, owner, page),
      claim: (wish) => claim(dialect, wish),
      swap: swapping(dialect, writeEffects, books),
      due: (kind, at) => due(dialect, kind, at),
      // Everything that hangs on a video goes with its row (`on delete cascade`), except the ledger.
      purge: (id) =>
        dialect.write(async (transaction) => {
          await transaction.deleteFrom('video').where('id', '=', id).execute();
        }),
      queuePosition: queuePositions(dialect),
      waiting: waitingCount(dialect),
      recent: (backend, limit) => recent(dialect, backend, limit),
      kept: (after, limit) => kept(dialect, after, limit),
      backendsInUse: () => backendsInUse(dialect),
      heldBy: (worker) => heldBy(dialect, worker),
      openAttempts: () => openAttempts(dialect),
      counts: (owner) => counts(dialect, owner),
      nextDue: (lane, backends, after) => nextDue(dialect, lane, backends, after),
    },
    events: eventStore(dialect),
    files: fileStore(dialect),
    workers: workerStore(dialect),
    keys: keyStore(dialect),
    ledger: ledgerStore(dialect),
    secrets: secretStore(dialect),
    backends: backendStore(dialect),
    rate: rateOf(dialect),
    webhooks: webhookStore(dialect),
    audit: auditStore(dialect),
    async ping() {
      await sql`select 1`.execute(dialect.reader);
    },
    close: () => dialect.close(),
  };
}
