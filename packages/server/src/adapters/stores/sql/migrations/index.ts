import { first } from './0001-first.ts';
import { neighbours } from './0002-neighbours.ts';
import { eventsByTime } from './0003-events-by-time.ts';
import { queue } from './0004-queue.ts';
import { filesExpiring } from './0005-files-expiring.ts';
import { webhooks } from './0006-webhooks.ts';
import { keysAndAudit } from './0007-keys-and-audit.ts';
import { ledger } from './0008-ledger.ts';

/** One step of the schema: its statements, given what differs between the databases. */
export type Migration = (types: { readonly blobType: string }) => readonly string[];

/** All steps in order; the n-th leads to schema version n. A released step never changes. */
export const MIGRATIONS: readonly Migration[] = [
  first,
  neighbours,
  eventsByTime,
  queue,
  filesExpiring,
  webhooks,
  keysAndAudit,
  ledger,
];

/**
 * Programs that know this many steps or more can work on a database that has all of the above, so that processes of two
 * releases run side by side while one replaces the other. Steps that only add leave it as it is. A step that takes
 * something away raises it to the first version that no longer uses what is taken; that version must have been released
 * before the step is.
 */
export const OLDEST_NEIGHBOUR = 2;
