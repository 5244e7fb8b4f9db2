/** One page of something, and whether there is more behind it. */
export interface Slice<T> {
  readonly items: readonly T[];
  readonly hasMore: boolean;
}
