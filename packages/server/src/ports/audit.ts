import type { AuditEntry } from '../domain/audit.ts';
import type { Slice } from './slice.ts';

export interface AuditPage {
  readonly limit: number;
  /** Continue behind the entry with this id. */
  readonly after?: string | undefined;
}

/** The audit log: it grows at one end, and nothing in it can be changed. */
export interface AuditStore {
  add(entry: AuditEntry): Promise<void>;
  /** Newest first. */
  list(page: AuditPage): Promise<Slice<AuditEntry>>;
}
