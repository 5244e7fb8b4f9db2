import { Client, Pool } from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { hasPostgres, type PostgresCluster, startPostgres } from '../../../../../../test/support/postgres-cluster.ts';
import { createBell } from '../../system/bell.ts';
import { systemClock } from '../../system/clock.ts';
import { createPostgresBell, type PostgresBell } from './bell.ts';
import { QUIET } from './subject.fixture.ts';

describe.skipIf(!hasPostgres())('the bell over PostgreSQL', () => {
  let cluster: PostgresCluster;
  let url: string;
  const closers: (() => Promise<unknown>)[] = [];
  beforeAll(async () => {
    cluster = await startPostgres();
    url = await cluster.database('bells');
  }, 60_000);
  afterAll(() => cluster.close());
  afterEach(async () => {
    for (const close of closers.splice(0).toReversed()) await close();
  });

  /** A bell, and what it has heard. */
  async function bell(topics: readonly ('admit' | 'generate')[]): Promise<{ bell: PostgresBell; heard: string[] }> {
    const pool = new Pool({ connectionString: url, max: 2 });
    pool.on('error', () => {});
    closers.push(() => pool.end());
    const made = createPostgresBell({ url, pool, local: createBell(QUIET), clock: systemClock, log: QUIET });
    closers.push(() => made.close());
    const heard: string[] = [];
    for (const topic of topics) made.listen(topic, () => heard.push(topic));
    return { bell: made, heard };
  }
  const listening = async (count: number) => {
    const pool = new Pool({ connectionString: url, max: 1 });
    pool.on('error', () => {});
    await vi.waitUntil(
      async () => {
        const { rows } = await pool
          .query("select 1 from pg_stat_activity where application_name = 'inbetween bell' and query ilike 'listen%'")
          .catch(() => ({ rows: [] }));
        return rows.length === count;
      },
      { timeout: 20_000, interval: 50 },
    );
    await pool.end();
  };

  it('is heard by the other processes once, and at home without a detour', async () => {
    const one = await bell(['admit']);
    const two = await bell(['admit', 'generate']);
    await listening(2);
    one.bell.ring('admit');
    await vi.waitUntil(() => two.heard.length > 0, { timeout: 10_000 });
    two.bell.ring('generate');
    two.bell.ring('admit');
    await vi.waitUntil(() => one.heard.length > 1, { timeout: 10_000 });
    expect(one.heard).toEqual(['admit', 'admit']);
    expect(two.heard).toEqual(['admit', 'generate', 'admit']);
  });

  it('sends what is rung in one go in one notification, and each topic once', async () => {
    const { bell: rung } = await bell([]);
    const client = new Client({ connectionString: url });
    await client.connect();
    closers.push(() => client.end());
    const sent: string[][] = [];
    client.on('notification', ({ payload = '' }) => sent.push(payload.split(' ').slice(1)));
    await client.query('listen inbetween_bell');
    for (const topic of ['admit', 'generate', 'admit'] as const) rung.ring(topic);
    await vi.waitUntil(() => sent.length === 1, { timeout: 10_000 });
    // Those that come while it is under way, or soon after, wait for each other.
    for (const topic of ['deliver', 'sweep', 'deliver'] as const) rung.ring(topic);
    await vi.waitUntil(() => sent.length === 2, { timeout: 10_000 });
    expect(sent).toEqual([
      ['admit', 'generate'],
      ['deliver', 'sweep'],
    ]);
  });

  it('carries more topics than fit into one notification', async () => {
    const one = await bell([]);
    const two = await bell([]);
    await listening(2);
    const heard = new Set<number>();
    const names = Array.from({ length: 1_000 }, (_, n) => `video:video_${String(n).padStart(26, '0')}` as const);
    for (const [n, name] of names.entries()) two.bell.listen(name, () => heard.add(n));
    for (const name of names) one.bell.ring(name);
    await vi.waitUntil(() => heard.size === 1_000, { timeout: 10_000 });
  });

  it('wakes everybody once when the database is back, and rings again', async () => {
    const one = await bell(['admit']);
    const two = await bell(['generate']);
    await listening(2);
    await cluster.kill();
    one.bell.ring('generate');
    await cluster.start();
    await vi.waitUntil(() => one.heard.length > 0 && two.heard.length > 0, { timeout: 20_000 });
    await listening(2);
    const before = two.heard.length;
    one.bell.ring('generate');
    await vi.waitUntil(() => two.heard.length > before, { timeout: 10_000 });
  });
});
