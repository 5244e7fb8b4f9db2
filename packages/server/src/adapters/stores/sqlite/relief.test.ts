import { expect, it, vi } from 'vitest';
import { createRelief, type Relief } from './relief.ts';
import type { WriteCall } from './writes.ts';
import type { WritingThread } from './writing-thread.ts';

interface Begun {
  readonly n: number;
  readonly where: 'here' | 'there';
  finish(): void;
  fail(error: unknown): void;
}

/** A relief over writes that end when the test says so. */
function stage({ crowd = 2, restMs = 60_000 } = {}) {
  const begun: Begun[] = [];
  const begin = (where: Begun['where'], { args: [n] }: WriteCall) => {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    begun.push({ n: n as number, where, finish: () => resolve(n), fail: reject });
    return promise;
  };
  const threads: (ReturnType<typeof newThread> & WritingThread)[] = [];
  const newThread = () => {
    const ready = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<unknown>();
    return {
      ready: ready.promise,
      ended: ended.promise,
      getReady: ready.resolve,
      die(reason: unknown) {
        for (const { where, fail } of begun) if (where === 'there') fail(reason);
        ready.reject(reason);
        ended.resolve(reason);
      },
      call: (call: WriteCall) => begin('there', call),
      close() {
        ended.resolve(undefined);
        return ended.promise;
      },
    };
  };
  const start = () => {
    const thread = newThread();
    threads.push(thread);
    return thread;
  };
  const onLost = vi.fn();
  const relief = createRelief({
    here: (call) => begin('here', call),
    start,
    counts: ({ method }) => method === 'insert',
    crowd,
    restMs,
    onLost,
  });
  const write = writing(relief);
  let next = 100;
  /** Makes one more write, and tells where it was made. */
  const placeOfOne = async () => {
    const n = next++;
    const done = write(n);
    const own = await vi.waitFor(() => {
      const found = begun.find((one) => one.n === n);
      if (found === undefined) throw new Error('it is held');
      return found;
    });
    own.finish();
    await done;
    return own.where;
  };
  return { relief, begun, threads, onLost, write, placeOfOne };
}

const writing = (relief: Relief) => (n: number) => relief.write({ part: 'videos', method: 'insert', args: [n] });
const places = (begun: readonly Begun[]) => begun.map(({ n, where }) => `${n} ${where}`);
const finishAll = (begun: readonly Begun[]) => {
  for (const { finish } of begun) finish();
};

it('writes that come one by one need no thread', async () => {
  const { relief, begun, threads, write } = stage();
  for (const n of [1, 2, 3]) {
    const done = write(n);
    begun.at(-1)?.finish();
    expect(await done).toBe(n);
  }
  expect(threads).toEqual([]);
  await relief.close();
});

it('what nobody waits for makes no crowd', async () => {
  const { relief, begun, threads } = stage();
  const done = [1, 2, 3].map((n) => relief.write({ part: 'workers', method: 'renew', args: [n] }));
  finishAll(begun);
  await Promise.all(done);
  expect(threads).toEqual([]);
  await relief.close();
});

it('a crowd is taken over by a thread in the order in which it came', async () => {
  const { relief, begun, threads, write } = stage();
  const done = [write(1), write(2), write(3)];
  expect(places(begun)).toEqual(['1 here', '2 here', '3 here']);
  threads[0]?.getReady();
  await threads[0]?.ready;
  await vi.waitFor(() => {
    // While this thread's last writes are not done, none begins anywhere.
    done.push(write(done.length + 1));
    expect(begun).not.toHaveLength(done.length);
  });
  const before = begun.length;
  finishAll(begun);
  await vi.waitFor(() => expect(begun.length).toBe(done.length));
  expect(
    places(begun)
      .slice(before)
      .every((place) => place.endsWith(' there')),
  ).toBe(true);
  expect(begun.map(({ n }) => n)).toEqual(done.map((_, n) => n + 1));
  finishAll(begun);
  expect(await Promise.all(done)).toEqual(done.map((_, n) => n + 1));
  expect(threads).toHaveLength(1);
  await relief.close();
});

it('the thread ends when no crowd has come for a while, and begins again with the next', async () => {
  const { relief, begun, threads, onLost, write, placeOfOne } = stage({ restMs: 1 });
  for (const round of [1, 2]) {
    const done = [write(1), write(2)];
    const thread = threads.at(-1);
    expect(threads).toHaveLength(round);
    thread?.getReady();
    finishAll(begun);
    await Promise.all(done);
    expect(await thread?.ended).toBeUndefined();
    await vi.waitFor(async () => expect(await placeOfOne()).toBe('here'));
  }
  expect(onLost).not.toHaveBeenCalled();
  await relief.close();
});

it('a thread that ends by itself fails what it had, and all else is written here', async () => {
  const { relief, begun, threads, onLost, write, placeOfOne } = stage();
  const first = [write(1), write(2)];
  threads[0]?.getReady();
  finishAll(begun);
  await Promise.all(first);
  await vi.waitFor(async () => expect(await placeOfOne()).toBe('there'));
  const lost = write(4);
  const reason = new Error('out of memory');
  threads[0]?.die(reason);
  await expect(lost).rejects.toBe(reason);
  await vi.waitFor(() => expect(onLost).toHaveBeenCalledExactlyOnceWith(reason));
  const later = [write(5), write(6), write(7)];
  expect(places(begun).slice(-3)).toEqual(['5 here', '6 here', '7 here']);
  finishAll(begun);
  expect(await Promise.all(later)).toEqual([5, 6, 7]);
  expect(threads).toHaveLength(1);
  await relief.close();
});

it('a thread that does not come to be ready changes nothing', async () => {
  const { relief, begun, threads, onLost, write } = stage();
  const done = [write(1), write(2)];
  threads[0]?.die(new Error('no such file'));
  await vi.waitFor(() => expect(onLost).toHaveBeenCalledOnce());
  done.push(write(3));
  expect(places(begun)).toEqual(['1 here', '2 here', '3 here']);
  finishAll(begun);
  await Promise.all(done);
  expect(threads).toHaveLength(1);
  await relief.close();
});

it('closing waits for every write that was begun, wherever it is', async () => {
  const { relief, begun, threads, write } = stage();
  const order: string[] = [];
  const done = [write(1), write(2)].map((one) => one.then((n) => order.push(`written ${n}`)));
  const closed = relief.close().then(() => order.push('closed'));
  threads[0]?.getReady();
  finishAll(begun);
  await Promise.all([...done, closed]);
  expect(order).toEqual(['written 1', 'written 2', 'closed']);
  expect(await threads[0]?.ended).toBeUndefined();
});
