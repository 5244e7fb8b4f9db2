import type { CompiledQuery } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasPostgres } from '../../../../../../test/support/postgres-cluster.ts';
import type { VideoId } from '../../../domain/id.ts';
import type { Store } from '../../../ports/store.ts';
import {
  ALICE,
  alive,
  insertAll,
  NOW,
  queued,
  videoId,
  wish,
} from '../../../ports/store-contract/fixtures.contract.ts';
import { createSqlStore } from '../sql/store.ts';
import { createPostgresDialect } from './dialect.ts';
import { createPool } from './pool.ts';
import { openSubject } from './subject.fixture.ts';

interface Kind {
  readonly count: number;
  /** What its rows have of their own; everything else is copied from a queued video. */
  readonly own: Readonly<Record<string, string>>;
}
/**
 * A long history that a plan must not go through, and a queue that is small beside it: then PostgreSQL believes that next
 * to nothing of it is due, and takes a way that sorts it for a cheap one.
 */
const KINDS: Readonly<Record<string, Kind>> = {
  succeeded: { count: 25_000, own: { due_at: 'null', deadline_at: 'null', completed_at: `${NOW} + n` } },
  queued: { count: 600, own: { due_at: `${NOW} - n`, turn: 'n / 10' } },
  running: { count: 100, own: { due_at: `${NOW} - n`, backend: "'peer'" } },
  pending: { count: 100, own: { due_at: `${NOW} - n` } },
};

const WHOLE = /(Seq|Bitmap Heap) Scan on video\b/;
/** Rows picked by their ids, such as those that hold slots, are few, so sorting them is cheap. */
const BY_ID = /using video_pkey on video|\(id = backend_slot\.video\)/;

describe.skipIf(!hasPostgres())('query plans on PostgreSQL', () => {
  let subject: Awaited<ReturnType<typeof openSubject>>;
  let store: Store;
  let asked: CompiledQuery[] = [];

  beforeAll(async () => {
    subject = await openSubject();
    const pool = createPool({ url: subject.url, connections: 4, onBroken() {} });
    store = createSqlStore(createPostgresDialect(pool, (event) => void asked.push(event.query)));
    await insertAll(store, [queued(1), queued(2), queued(3)]);
    await alive(store, 'a');
    const columns = (
      await subject.behind.query<{ name: string }>(
        "select column_name as name from information_schema.columns where table_name = 'video' order by ordinal_position",
      )
    ).rows.map(({ name }) => name);
    for (const [at, [status, { count, own }]] of Object.entries(KINDS).entries()) {
      const id = `'video_' || lpad((${(at + 1) * 1_000_000} + n)::text, 26, '0')`;
      const set: Readonly<Record<string, string>> = { id, status: `'${status}'`, created_at: `${NOW} + n`, ...own };
      const values = columns.map((name) => set[name] ?? name).join(', ');
      await subject.behind.query(
        `insert into video (${columns.join(', ')}) select ${values} from video, generate_series(1, ${count}) n where id = '${videoId(1)}'`,
      );
    }
    await subject.behind.query(
      `insert into idempotency (owner, key, fingerprint, video, created_at) select owner, id, 'f', id, created_at from video`,
    );
    await subject.behind.query('vacuum analyze');
  }, 60_000);
  afterAll(async () => {
    await store.close();
    await subject.close();
  });

  /** The plans of what `work` asked about videos, as text. */
  async function plansOf(work: () => Promise<unknown>): Promise<readonly string[]> {
    asked = [];
    await work();
    const plans: string[] = [];
    for (const { sql, parameters } of asked.filter(({ sql }) => /"video"/.test(sql) && !/^(update|insert)/.test(sql))) {
      const { rows } = await subject.behind.query<Record<string, string>>(`explain ${sql}`, [...parameters]);
      plans.push(rows.map((row) => row['QUERY PLAN']).join('\n'));
    }
    expect(plans.length).toBeGreaterThan(0);
    return plans;
  }

  const ASKS: readonly (readonly [string, RegExp, (store: Store) => Promise<unknown>])[] = [
    ['a look', /video_pkey/, (on) => on.videos.find('video_x' as VideoId)],
    ['a key', /idempotency_pkey/, (on) => on.videos.findByKey(ALICE, 'k')],
    ['a claim to admit', /video_to_admit/, (on) => on.videos.claim(wish('a', { lane: 'admit', limit: 2 }))],
    ['a claim to drain', /video_to_drain/, (on) => on.videos.claim(wish('a', { lane: 'drain', limit: 2 }))],
    ['a claim to generate', /using video_queue/, (on) => on.videos.claim(wish('a', { limit: 2 }))],
    ['a claim with slots taken', /using video_queue/, (on) => on.videos.claim(wish('a', { limit: 2, holding: [] }))],
    [
      'a claim of what goes on at a peer',
      /using video_to_generate/,
      (on) => on.videos.claim(wish('a', { limit: 2, slots: { peer: 50 } })),
    ],
    ['the next due', /using video_(to_generate|queue|turn)/, (on) => on.videos.nextDue('generate', ['renderer'], NOW)],
    ['a place in the queue', /using video_(to_generate|queue|turn)/, (on) => on.videos.queuePosition(queued(3))],
    ['a first page', /video_of_owner/, (on) => on.videos.list(ALICE, { limit: 5, order: 'desc' })],
    [
      'a later page of a status',
      /video_of_owner_by_status/,
      (on) => on.videos.list(ALICE, { limit: 5, order: 'asc', status: 'queued', after: videoId(1) }),
    ],
    ['what is overdue', /video_overdue/, (on) => on.videos.due('overdue', { now: NOW, limit: 5 })],
    ['what expires', /video_expiring/, (on) => on.videos.due('expiring', { now: NOW, limit: 5 })],
  ];

  it.each(ASKS)('%s goes along an index, and sorts nothing', async (_, index, work) => {
    const plans = await plansOf(() => work(store));
    expect(plans.join('\n\n')).toMatch(index);
    expect(plans.filter((plan) => WHOLE.test(plan))).toEqual([]);
    expect(plans.filter((plan) => /Sort Key/.test(plan) && !BY_ID.test(plan))).toEqual([]);
  });

  describe('without statistics, as after a restore', () => {
    beforeAll(async () => void (await subject.behind.query('delete from pg_statistic')));

    it.each(ASKS)('%s does not read the whole table', async (_, __, work) => {
      const plans = await plansOf(() => work(store));
      expect(plans.filter((plan) => WHOLE.test(plan))).toEqual([]);
    });
  });
});
