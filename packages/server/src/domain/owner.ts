import type { Json } from './attempt.ts';
import type { OwnerId } from './id.ts';

/** A named project: videos, files, endpoints, idempotency keys, ledger, limits and fairness belong to it. */
export interface Owner {
  readonly id: OwnerId;
  readonly createdAt: number;
  /** Limits set by the operator; empty: none. */
  readonly limits: Readonly<Record<string, Json>>;
}
