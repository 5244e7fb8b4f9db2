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

/** Finished videos that a plan must not go through to find the few that matter. */
const FINISHED = 20_000;

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
    const set: Record<string, string> = {
      id: "'video_' || lpad((1000 + n)::text, 26, '0')",
      status: "'succeeded'",
      due_at: 'null',
      deadline_at: 'null',
      completed_at: `${NOW} + n`,
      created_at: `${NOW} + n`,
    };
    const values = columns.map((name) => set[name] ?? name).join(', ');
    await subject.behind.query(
      `insert into video (${columns.join(', ')}) select ${values} from video, generate_series(1, ${FINISHED}) n where id = '${videoId(1)}'`,
    );
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
  async function plansOf(work: () => Promise<unknown>): Promise<string> {
    asked = [];
    await work();
    const plans: string[] = [];
    for (const { sql, parameters } of asked.filter(({ sql }) => /"video"/.test(sql) && !/^(update|insert)/.test(sql))) {
      const { rows } = await subject.behind.query<Record<string, string>>(`explain ${sql}`, [...parameters]);
      plans.push(rows.map((row) => row['QUERY PLAN']).join('\n'));
    }
    expect(plans.length).toBeGreaterThan(0);
    return plans.join('\n\n');
  }

  it.each<[string, RegExp, (store: Store) => Promise<unknown>]>([
    ['a look', /video_pkey/, (on) => on.videos.find('video_x' as VideoId)],
    ['a key', /idempotency_pkey/, (on) => on.videos.findByKey(ALICE, 'k')],
    ['a claim to admit', /video_to_admit/, (on) => on.videos.claim(wish('a', { lane: 'admit', limit: 2 }))],
    ['a claim to generate', /using video_(to_generate|queue|turn)/, (on) => on.videos.claim(wish('a', { limit: 2 }))],
    [
      'a claim with slots taken',
      /using video_(to_generate|queue|turn)/,
      (on) => on.videos.claim(wish('a', { limit: 2, holding: [] })),
    ],
    ['the next due', /using video_(to_generate|queue|turn)/, (on) => on.videos.nextDue('generate', ['renderer'])],
    ['a place in the queue', /using video_(to_generate|queue|turn)/, (on) => on.videos.queuePosition(queued(3))],
    ['a first page', /video_of_owner/, (on) => on.videos.list(ALICE, { limit: 5, order: 'desc' })],
    [
      'a later page of a status',
      /video_of_owner_by_status/,
      (on) => on.videos.list(ALICE, { limit: 5, order: 'asc', status: 'queued', after: videoId(1) }),
    ],
    ['what is overdue', /video_overdue/, (on) => on.videos.due('overdue', { now: NOW, limit: 5 })],
    ['what expires', /video_expiring/, (on) => on.videos.due('expiring', { now: NOW, limit: 5 })],
  ])('%s goes along an index', async (_, index, work) => {
    const plans = await plansOf(() => work(store));
    expect(plans).toMatch(index);
    expect(plans).not.toMatch(/Seq Scan on video\b/);
  });
});
