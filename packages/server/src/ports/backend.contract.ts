import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Json } from '../domain/attempt.ts';
import { Fault } from '../domain/fault.ts';
import type { ByteSource } from './artifacts.ts';
import { type Backend, type BackendEvent, type GenerateAsk, isRemote } from './backend.ts';

/** A backend and the world it works against, set up for the suite. */
export interface BackendUnderTest {
  readonly backend: Backend;
  /** A small, quick, valid ask of this attempt. */
  ask(attempt: string): Promise<GenerateAsk>;
  /** An ask that the backend cannot fulfil. */
  hopelessAsk(attempt: string): Promise<GenerateAsk>;
  /** Files, processes and connections that belong to attempts and are still there, in words. */
  leftovers(): Promise<readonly string[]>;
  /** How many attempts a remote peer has accepted so far; for backends with operations. */
  accepted?(): number;
  close(): Promise<void>;
}

/** How soon an aborted attempt must have ended. */
const PROMPTLY_MS = 3_000;

async function collect(events: AsyncIterable<BackendEvent>): Promise<BackendEvent[]> {
  const seen: BackendEvent[] = [];
  for await (const event of events) seen.push(event);
  return seen;
}

async function sizeOf(source: ByteSource): Promise<number> {
  if ('bytes' in source) return source.bytes.length;
  if ('path' in source) return (await readFile(source.path)).length;
  let bytes = 0;
  for await (const chunk of source.stream) bytes += chunk.length;
  return bytes;
}

function fractions(events: readonly BackendEvent[]): number[] {
  return events.flatMap((event) => (event.type === 'progress' ? [event.fraction] : []));
}

/**
 * What every backend promises; see `backend.ts`.
 *
 * @param kind `operations`: a remote peer that remembers what it accepted; `local`: a lost attempt is made anew
 */
export function backendContract(
  name: string,
  kind: 'local' | 'operations',
  open: () => Promise<BackendUnderTest>,
): void {
  describe(`backend: ${name}`, { timeout: 60_000 }, () => {
    let world: BackendUnderTest;
    let count = 0;
    const attempt = () => `video_contract.${++count}`;
    const never = new AbortController().signal;
    const nothingLeft = () =>
      vi.waitFor(async () => expect(await world.leftovers()).toEqual([]), { timeout: 2_000, interval: 20 });

    beforeAll(async () => {
      world = await open();
    });

    afterAll(async () => {
      await world.close();
    });

    it('says what it can do, and says the same when asked again', async () => {
      const { backend } = world;
      expect(backend.name).toMatch(/^[a-z][a-z0-9-]*$/);
      expect(backend.slots).toBeGreaterThanOrEqual(1);
      const told = await backend.probe(never);
      expect(backend.capabilities).toEqual(told);
      expect(told.ready).toBe(true);
      expect(told.problems).toEqual([]);
      expect(told.sizes.length).toBeGreaterThan(0);
      expect(isRemote(backend)).toBe(kind === 'operations');
      expect(backend.lookUp !== undefined).toBe(told.canLookUp);
      await nothingLeft();
    });

    it('ends with exactly one finished event, after progress that never falls', async () => {
      const events = await collect(world.backend.generate(await world.ask(attempt()), never));
      expect(events.filter((event) => event.type === 'finished')).toHaveLength(1);
      expect(events.at(-1)?.type).toBe('finished');
      const started = events.filter((event) => event.type === 'operation-started');
      expect(started).toHaveLength(kind === 'operations' ? 1 : 0);
      const told = fractions(events);
      expect(told).toEqual(told.toSorted((a, b) => a - b));
      for (const fraction of told) expect(fraction).toSatisfy((value: number) => value >= 0 && value <= 1);
      await nothingLeft();
    });

    it('keeps its files until the reader is done with them, and no longer', async () => {
      const events = world.backend.generate(await world.ask(attempt()), never)[Symbol.asyncIterator]();
      let next = await events.next();
      while (next.done !== true && next.value.type !== 'finished') next = await events.next();
      if (next.done === true || next.value.type !== 'finished') throw new Error('it ended without a finished event');
      const { video, thumbnail, spritesheet, lastFrame, report } = next.value;
      for (const source of [video, thumbnail, spritesheet, lastFrame]) {
        if (source !== undefined) expect(await sizeOf(source)).toBeGreaterThan(100);
      }
      expect(JSON.parse(JSON.stringify(report))).toEqual(report);
      await events.return?.();
      await nothingLeft();
    });

    it('runs two attempts at once without mixing them up', async () => {
      const asks = await Promise.all([world.ask(attempt()), world.ask(attempt())]);
      const both = await Promise.all(asks.map((ask) => collect(world.backend.generate(ask, never))));
      for (const events of both) expect(events.at(-1)?.type).toBe('finished');
      await nothingLeft();
    });

    it('can make the same attempt again after a lost worker', async () => {
      const again = attempt();
      const first = world.backend.generate(await world.ask(again), never)[Symbol.asyncIterator]();
      await first.next();
      await first.return?.();
      const events = await collect(world.backend.generate(await world.ask(again), never));
      expect(events.at(-1)?.type).toBe('finished');
      await nothingLeft();
    });

    it('throws a Fault when it fails, and leaves nothing', async () => {
      const failing = collect(world.backend.generate(await world.hopelessAsk(attempt()), never));
      await expect(failing).rejects.toBeInstanceOf(Fault);
      await nothingLeft();
    });

    it('ends promptly when aborted, and leaves nothing', async () => {
      const abort = new AbortController();
      let abortedAt = Number.NaN;
      const ask = await world.ask(attempt());
      const running = (async () => {
        for await (const event of world.backend.generate(ask, abort.signal)) {
          if (event.type !== 'finished' && !abort.signal.aborted) {
            abortedAt = performance.now();
            abort.abort(new Error('the video was cancelled'));
          }
        }
      })();
      await expect(running).rejects.toThrow('the video was cancelled');
      expect(performance.now() - abortedAt).toBeLessThan(PROMPTLY_MS);
      await nothingLeft();
    });

    it('ends promptly when aborted while it starts', async () => {
      const abort = new AbortController();
      const running = collect(world.backend.generate(await world.ask(attempt()), abort.signal));
      abort.abort(new Error('the video was cancelled'));
      await expect(running).rejects.toThrow('the video was cancelled');
      await nothingLeft();
    });

    it('does not begin when aborted before', async () => {
      const aborted = AbortSignal.abort(new Error('the video was cancelled'));
      const before = world.accepted?.();
      await expect(collect(world.backend.generate(await world.ask(attempt()), aborted))).rejects.toThrow('cancelled');
      expect(world.accepted?.()).toBe(before);
      await nothingLeft();
    });

    it('stops when its reader leaves', async () => {
      for await (const _ of world.backend.generate(await world.ask(attempt()), never)) break;
      await nothingLeft();
    });

    // Only a backend whose work goes on at a peer has something to resume.
    if (kind !== 'operations') return;

    /** Begins an attempt and lets go of it. */
    async function operationOf(ask: GenerateAsk): Promise<Json> {
      const events = world.backend.generate(ask, never)[Symbol.asyncIterator]();
      const first = await events.next();
      await events.return?.();
      if (first.done === true || first.value.type !== 'operation-started')
        throw new Error('an operation is told before anything else');
      // What is remembered goes through the store.
      return JSON.parse(JSON.stringify(first.value.operation)) as Json;
    }

    it('resumes a remembered operation and starts no second one', async () => {
      const ask = await world.ask(attempt());
      const before = world.accepted?.() ?? Number.NaN;
      const operation = await operationOf(ask);
      const rest = await collect(world.backend.generate({ ...ask, operation }, never));
      expect(rest.filter((event) => event.type === 'operation-started')).toEqual([]);
      expect(rest.at(-1)?.type).toBe('finished');
      expect(world.accepted?.()).toBe(before + 1);
    });

    it('follows an operation that nobody wants any more to its end, and brings nothing', async () => {
      const ask = await world.ask(attempt());
      const operation = await operationOf(ask);
      const events = await collect(world.backend.generate({ ...ask, operation, resultWanted: false }, never));
      expect(events.filter(({ type }) => type !== 'progress')).toEqual([]);
      await nothingLeft();
    });

    it('lets go of an operation when aborted, and the peer goes on with it', async () => {
      const ask = await world.ask(attempt());
      const before = world.accepted?.() ?? Number.NaN;
      const abort = new AbortController();
      let operation: Json = null;
      const running = (async () => {
        for await (const event of world.backend.generate(ask, abort.signal)) {
          if (event.type === 'operation-started') operation = JSON.parse(JSON.stringify(event.operation));
          abort.abort(new Error('the server stops'));
        }
      })();
      await expect(running).rejects.toThrow('the server stops');
      const events = await collect(world.backend.generate({ ...ask, operation }, never));
      expect(events.at(-1)?.type).toBe('finished');
      expect(world.accepted?.()).toBe(before + 1);
      await nothingLeft();
    });

    it('tells the operation of a submission that was under way when it was aborted', async () => {
      const abort = new AbortController();
      const before = world.accepted?.() ?? Number.NaN;
      const told: BackendEvent[] = [];
      const running = (async () => {
        for await (const event of world.backend.generate(await world.ask(attempt()), abort.signal)) told.push(event);
      })();
      // Whether the request has left by now differs; what the peer accepted must be told in either case.
      await new Promise((resolve) => setImmediate(resolve));
      abort.abort(new Error('the video was cancelled'));
      await expect(running).rejects.toThrow('the video was cancelled');
      const accepted = (world.accepted?.() ?? Number.NaN) - before;
      expect(told.filter((event) => event.type === 'operation-started')).toHaveLength(accepted);
      await nothingLeft();
    });

    it('stops an operation, or says that it cannot, as often as it is asked', async () => {
      const { stop } = world.backend;
      if (stop === undefined) throw new Error('a remote backend has a stop');
      const operation = await operationOf(await world.ask(attempt()));
      const answers = [];
      for (let times = 0; times < 2; times += 1) {
        answers.push(await stop.call(world.backend, operation, never));
      }
      // What has ended stays ended; what goes on may end meanwhile.
      expect(['stopped', 'goes_on']).toContain(answers[0]);
      if (answers[0] === 'stopped') expect(answers[1]).toBe('stopped');
      await nothingLeft();
    });

    it('finds an accepted attempt by its id, and none that was never sent, where it can look up', async () => {
      const { lookUp } = world.backend;
      if (lookUp === undefined) return expect(world.backend.capabilities.canLookUp).toBe(false);
      const ask = await world.ask(attempt());
      const events = world.backend.generate(ask, never)[Symbol.asyncIterator]();
      await events.next();
      await events.return?.();
      const operation = await lookUp.call(world.backend, ask.attempt, never);
      if (operation === undefined) throw new Error('the peer has accepted this attempt');
      const before = world.accepted?.();
      const rest = await collect(world.backend.generate({ ...ask, operation }, never));
      expect(rest.at(-1)?.type).toBe('finished');
      expect(world.accepted?.()).toBe(before);
      expect(await lookUp.call(world.backend, attempt(), never)).toBeUndefined();
    });
  });
}
