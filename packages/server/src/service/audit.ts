import type { AuditEntry } from '../domain/audit.ts';
import type { AuditPage, AuditStore } from '../ports/audit.ts';
import type { Clock } from '../ports/clock.ts';
import type { Ids } from '../ports/ids.ts';
import type { Slice } from '../ports/slice.ts';

/** Who does something that operators must be able to look up later. */
export interface Actor {
  /** An API key's id, `environment key`, or `command line`. */
  readonly name: string;
  readonly address: string | null;
  readonly request: string | null;
}

/** What operators did: append-only, without secrets. */
export interface Audit {
  note(actor: Actor, action: AuditEntry['action'], subject: string, detail: AuditEntry['detail']): Promise<void>;
  /** Newest first. */
  list(page: AuditPage): Promise<Slice<AuditEntry>>;
}

export function createAudit({
  store,
  clock,
  ids,
}: {
  readonly store: AuditStore;
  readonly clock: Clock;
  readonly ids: Pick<Ids, 'audit'>;
}): Audit {
  return {
    note: ({ name, address, request }, action, subject, detail) =>
      store.add({ id: ids.audit(), at: clock.now(), actor: name, address, request, action, subject, detail }),
    list: (page) => store.list(page),
  };
}
