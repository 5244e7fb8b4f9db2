import type { ApiKeyId, OwnerId, VideoId } from '../domain/id.ts';
import type { Account, LedgerEntry, Usage, UsageGroup, UsagePlace } from '../domain/ledger.ts';
import type { Slice } from './slice.ts';

/** Sums over what was grouped. */
export interface UsageRow extends Usage, UsagePlace {}

export interface UsageQuery {
  /** Both inclusive, such as `2026-11-26`. */
  readonly from: string;
  readonly to: string;
  readonly groupBy: readonly UsageGroup[];
  /** Only of this key; empty: of videos without one. */
  readonly apiKey?: string | undefined;
  readonly model?: string | undefined;
  readonly limit: number;
  readonly after?: UsagePlace | undefined;
}

/** The books. They are written with the videos; here they are read. */
export interface LedgerStore {
  /** What an owner, or one of its keys, has reserved and settled in a month such as `2026-11`. */
  account(owner: OwnerId, month: string, apiKey?: ApiKeyId): Promise<Account>;
  /** All lines of a video, in the order in which they were written. */
  lines(video: VideoId): Promise<readonly LedgerEntry[]>;
  /** Sums over days, the latest first. */
  usage(owner: OwnerId, query: UsageQuery): Promise<Slice<UsageRow>>;
}
