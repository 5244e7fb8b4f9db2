/** A queue between callbacks that push and one reader that awaits. */
export interface Inbox<T> extends AsyncIterable<T> {
  push(item: T): void;
  /** No more will come. What was pushed before is still read; then the reader ends, or fails with `error`. */
  close(error?: unknown): void;
}

/** Opens an empty inbox. */
export function createInbox<T>(): Inbox<T> {
  const items: T[] = [];
  let closed: { readonly error: unknown } | undefined;
  let wake: (() => void) | undefined;
  const ring = () => {
    wake?.();
    wake = undefined;
  };
  return {
    push(item) {
      if (closed !== undefined) return;
      items.push(item);
      ring();
    },
    close(error) {
      closed ??= { error };
      ring();
    },
    async *[Symbol.asyncIterator]() {
      for (;;) {
        while (items.length > 0) yield items.shift() as T;
        if (closed?.error !== undefined) throw closed.error;
        if (closed !== undefined) return;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}
