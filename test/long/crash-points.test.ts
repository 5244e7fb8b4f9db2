import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDiskArtifacts } from '../../packages/server/src/adapters/artifacts/disk.ts';
import { openPostgresStore } from '../../packages/server/src/adapters/stores/postgres/open.ts';
import { openSqliteStore } from '../../packages/server/src/adapters/stores/sqlite/open.ts';
import type { VideoId } from '../../packages/server/src/domain/id.ts';
import { artifactsOf } from '../../packages/server/src/domain/video.ts';
import { isFinal, MODEL, type ShownVideo } from '../support/api.ts';
import { startFakeDashscope } from '../support/fakes/dashscope/server.ts';
import { createQuietLog } from '../support/fakes.ts';
import { checkEvents, expectNoOrphans } from '../support/fleet-history.ts';
import { hasPostgres, type PostgresCluster, startPostgres } from '../support/postgres-cluster.ts';
import { makeScratch, type ServerProcess, startServer } from '../support/server-process.ts';
import { until } from '../support/until.ts';

/** Around every durable step on the way from the ask to the file. */
const POINTS = [
  'before insert',
  'after insert',
  'after claim admit',
  'before put first.png',
  'after put last.png',
  'before swap queued',
  'after swap queued',
  'after claim generate',
  'before swap running',
  'after swap running',
  'before swap operation',
  'after swap operation',
  'before put video.mp4',
  'after put video.mp4',
  'before swap succeeded',
  'after swap succeeded',
] as const;

/** Died between "sent" and "saved": the peer cannot be asked, so it is never sent again. */
const UNKNOWN: readonly string[] = ['after swap running', 'before swap operation'];
const ASK = { model: MODEL, images: ['sample_first', 'sample_last'], size: '480P', seed: 7 };

/** Creates the video as a client does: again and again under one key, whoever answers. */
async function create(server: () => ServerProcess | undefined): Promise<ShownVideo> {
  return until(
    'an answer to the create',
    async () => {
      const answer = await server()
        ?.api.post(ASK, { 'idempotency-key': 'one' })
        .catch(() => undefined);
      return answer?.status === 200 && answer.json<ShownVideo>();
    },
    { limitMs: 60_000 },
  );
}

const stores = ['sqlite', 'postgres'] as const;
// Side by side: on PostgreSQL most of the time goes into waiting for the dead worker's lease.
describe.concurrent.each(stores)('a server that dies at a point of its work, on %s', (kind) => {
  let cluster: PostgresCluster | undefined;
  let databases = 0;
  beforeAll(async () => {
    if (kind === 'postgres' && hasPostgres()) cluster = await startPostgres({ durable: true });
  });
  afterAll(() => cluster?.close());

  it.skipIf(kind === 'postgres' && !hasPostgres()).each(POINTS)('%s', { timeout: 300_000 }, async (point) => {
    await using scratch = makeScratch();
    const fake = await startFakeDashscope({ runMs: 100 });
    databases += 1;
    const url = await cluster?.database(`crash_${databases}`);
    const file = scratch.file('inbetween.yaml');
    const place = `{kind: dashscope, credential: DASHSCOPE_API_KEY, url: '${fake.url}', pollEvery: 100ms}`;
    writeFileSync(file, `backends: {dashscope: ${place}}\n`);
    const env = {
      INBETWEEN_CONFIG: file,
      DASHSCOPE_API_KEY: 'sk-fake',
      // In PostgreSQL the successor waits for the lease of the dead.
      WORKER_TERM: '6s',
      ...(url === undefined ? {} : { DATABASE_URL: url }),
    };
    const crash = { ...env, INBETWEEN_SIMULATE: 'on', INBETWEEN_CRASH_AT: point };
    let server: ServerProcess | undefined = await startServer(scratch, { env: crash });
    const first = server;
    const asking = create(() => server);
    expect(await first.ended).toEqual({ code: null, signal: 'SIGKILL' });
    server = undefined;
    const again = await startServer(scratch, { env });
    server = again;
    const { id } = await asking;
    const video = await again.api.wait(id, ({ status }) => isFinal(status), 90_000);
    const end = video.error?.code ?? video.status;
    // In PostgreSQL a lease outlives its worker: nobody knows how far it had come. The peer decides, never a guess.
    expect(UNKNOWN.includes(point) ? ['submission_unknown'] : ['succeeded']).toContain(end);
    expect(fake.http.count('POST /api/v1/services')).toBeLessThanOrEqual(1);
    expect((await again.stop()).code).toBe(0);
    await fake.kill();

    const store =
      url === undefined
        ? await openSqliteStore(join(scratch.data, 'inbetween.db'))
        : (await openPostgresStore({ url, connections: 3, schema: 'require', log: createQuietLog() })).store;
    const artifacts = await openDiskArtifacts(join(scratch.data, 'artifacts'));
    try {
      const ask = await asker(url, join(scratch.data, 'inbetween.db'));
      expect(await ask('select id, worker from video')).toEqual([{ id, worker: null }]);
      expect(await ask('select * from backend_slot')).toEqual([]);
      await checkEvents(ask, ['succeeded', 'failed']);
      const row = await store.videos.find(id as VideoId);
      if (row === undefined) throw new Error(`${id} has no row`);
      await expectNoOrphans(store, artifacts, new Set(artifactsOf(row).map(({ key }) => key)));
    } finally {
      await store.close();
    }
  });
});

/** Asks either database, once per statement. */
async function asker(url: string | undefined, path: string) {
  return async <Row extends object>(text: string): Promise<readonly Row[]> => {
    if (url === undefined) {
      const database = new Database(path, { readonly: true });
      const rows = database.prepare<[], Row>(text).all();
      database.close();
      return rows;
    }
    const client = new Client({ connectionString: url });
    await client.connect();
    const { rows } = await client.query<Row>(text);
    await client.end();
    return rows;
  };
}
