import type { Json } from './attempt.ts';

/** What can be found in the audit log. */
export const AUDITED = [
  'key.created',
  'key.revoked',
  'keys.listed',
  'audit.listed',
  'owner.created',
  'owner.limited',
  'owners.listed',
] as const;
export type AuditAction = (typeof AUDITED)[number];

/** One administrative act. Written once, never changed, never removed with what it speaks of. */
export interface AuditEntry {
  /** Sorts by time. */
  readonly id: string;
  readonly at: number;
  /** An API key's id, or a word for whoever had none. */
  readonly actor: string;
  readonly address: string | null;
  /** The id of the HTTP request. */
  readonly request: string | null;
  readonly action: AuditAction;
  /** The id of what was acted on; empty for all. */
  readonly subject: string;
  /** What was asked for, or before and after. Never a secret. */
  readonly detail: Readonly<Record<string, Json>>;
}
