import { afterAll, describe, expect, it } from 'vitest';
import type { RemoteApi } from '../../../packages/server/src/adapters/backends/remote/remote-api.ts';
import type { RemoteBackendOptions } from '../../../packages/server/src/adapters/backends/remote/remote-backend.ts';
import type { Json } from '../../../packages/server/src/domain/attempt.ts';
import type { FakeServer } from '../fakes/fake-server.ts';
import type { Moments } from '../fakes/moments.ts';
import { type Life, openEngineStage } from './stage.ts';
import { SWITCHES, type Switch } from './switches.ts';

/** A fake engine, whichever it is. */
export interface FakeEngine {
  readonly http: FakeServer;
  readonly url: string;
  start(): Promise<void>;
  kill(): Promise<void>;
}

/** One thing that can go wrong, how a video must end all the same, and how often the engine may have been called. */
export interface FaultRow<Fake extends FakeEngine, Options> {
  readonly what: string;
  /** The switches of all adapters that this row throws. */
  readonly is?: readonly Switch[];
  readonly options?: Options;
  arrange?(fake: Fake): void;
  readonly ends: Partial<Life>;
  /** By the names that `count` gives them; those not named may be any. */
  readonly counts: Readonly<Record<string, number>>;
  check?(fake: Fake, life: Life): void;
}

export interface FaultTable<Fake extends FakeEngine, Options> {
  readonly name: string;
  readonly rows: readonly FaultRow<Fake, Options>[];
  open(options: Options | undefined): Promise<Fake>;
  api(fake: Fake): RemoteApi<Json>;
  readonly stage?: Partial<RemoteBackendOptions>;
  /** The switches that this engine does not have, and why. */
  readonly without: Partial<Readonly<Record<Switch, string>>>;
  count(fake: Fake): Readonly<Record<string, number>>;
}

/** Runs one video through each fault, on a fake and an adapter of its own, and prints what came of it. */
export function faultTable<Fake extends FakeEngine, Options>(table: FaultTable<Fake, Options>): void {
  const { name, rows, open, api, count, stage: options, without } = table;
  const seen: string[] = [];

  describe(`${name}, with`, () => {
    afterAll(() => {
      console.log([`${name}: what went wrong → how the video ended, calls`, ...seen].join('\n'));
    });

    it('every switch, or a reason why it has none', () => {
      const thrown = new Set(rows.flatMap(({ is = [] }) => is));
      expect(SWITCHES.filter((each) => !thrown.has(each) && without[each] === undefined)).toEqual([]);
      expect(SWITCHES.filter((each) => thrown.has(each) && without[each] !== undefined)).toEqual([]);
    });

    it.each(rows)('$what', { timeout: 30_000 }, async (row) => {
      const fake = await open(row.options);
      const stage = await openEngineStage(api(fake), options);
      try {
        row.arrange?.(fake);
        const life = await stage.live();
        const counts = count(fake);
        const calls = Object.entries(counts).map(([call, times]) => `${call} ${times}`);
        seen.push(`  ${row.what} → ${life.status} ${life.code ?? ''} (${calls.join(', ')})`);
        expect(life, life.causes).toMatchObject(row.ends);
        expect(counts).toMatchObject(row.counts);
        row.check?.(fake, life);
        expect(await stage.leftovers()).toEqual([]);
      } finally {
        await stage.close();
        await fake.kill();
      }
    });
  });
}

export const succeeded = (attempts = 1): Partial<Life> => ({ status: 'succeeded', attempts });
export const failed = (code: string, attempts = 1): Partial<Life> => ({ status: 'failed', code, attempts });

/** The engine dies at this moment, and is back at once with what it keeps on its disk. */
export function dieAt<Moment extends string>(fake: FakeEngine, moments: Moments<Moment>, moment: Moment): void {
  const hold = moments.hold(moment);
  void hold.reached.then(async () => {
    await fake.kill();
    await fake.start();
  });
}
