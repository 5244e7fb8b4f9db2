import { queryOf, read } from './read.ts';
import type { CallOptions, Transport } from './transport.ts';
import type { UsageList, UsageObject } from './wire.ts';

/** What usage is asked for. Days are UTC, such as `2026-11-26`. */
export interface ListUsage {
  /** Absent: the first day of the month of `to`. */
  readonly from?: string;
  /** Included; absent: today. */
  readonly to?: string;
  /** Absent: by day. An empty list: one row over all. */
  readonly groupBy?: readonly ('day' | 'key' | 'model')[];
  /** Only of this key; `none`: of what was asked for without a stored one. */
  readonly apiKey?: string;
  readonly model?: string;
  /** Per page, 1 to 1000. */
  readonly limit?: number;
  readonly after?: string;
  /** Another project, for operators. */
  readonly owner?: string;
}

/** What was made and what it cost. */
export interface UsageClient {
  /** All rows that match, page by page as they are asked for. */
  list(query?: ListUsage, options?: CallOptions): AsyncIterable<UsageObject>;
  /** One page, with how the project stands in this month. */
  page(query?: ListUsage, options?: CallOptions): Promise<UsageList>;
}

export function usageClient(send: Transport): UsageClient {
  const client: UsageClient = {
    async *list(query = {}, options = {}) {
      let next: ListUsage | undefined = query;
      while (next !== undefined) {
        const page: UsageList = await client.page(next, options);
        yield* page.data;
        next = page.has_more && page.last_id !== null ? { ...query, after: page.last_id } : undefined;
      }
    },
    async page({ groupBy, apiKey, ...query } = {}, { signal } = {}) {
      const groups = groupBy === undefined ? undefined : groupBy.length === 0 ? 'none' : groupBy.join(',');
      const text = queryOf({ ...query, group_by: groups, api_key: apiKey });
      return read(await send({ method: 'GET', path: `/v1/usage${text}`, signal }));
    },
  };
  return client;
}
