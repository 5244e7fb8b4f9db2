import { join } from 'node:path';
import { expect, it } from 'vitest';
import { MODEL, type ShownVideo, wholeFile } from '../support/api.ts';
import { startFleet } from '../support/fleet.ts';
import { dataUrl, paint } from '../support/paintings.ts';
import { hasPostgres } from '../support/postgres-cluster.ts';
import { makeScratch, runInbetween, startServer } from '../support/server-process.ts';

it.skipIf(!hasPostgres())('an installation grows from one machine to many with everything it had', async () => {
  await using scratch = makeScratch();
  const image = dataUrl(await paint(320, 256).png().toBuffer());
  const ask = { model: MODEL, images: [image, image], size: '480P', tags: { n: 'one' } };
  const small = await startServer(scratch);
  const done = await small.api.succeeded((await small.api.create(ask, { 'idempotency-key': 'k' })).id);
  const bytes = wholeFile(await small.api.content(done.id));
  await small.api.cancel((await small.api.create({ ...ask, seed: 2 })).id);
  // One that is not finished: it is made on the other side.
  const open = await small.api.create({ ...ask, seed: 3 });
  const made = JSON.parse(
    (await runInbetween(['keys', 'create', '--owner', 'default', '--json', '--data-dir', scratch.data])).out,
  ) as { secret: string };

  await using fleet = await startFleet(scratch);
  const copy = (more: readonly string[] = []) =>
    runInbetween(['copy', '--json', '--data-dir', scratch.data, '--to-database', fleet.databaseUrl, ...more], {
      env: fleet.env,
    });
  expect((await copy()).err).toMatch(/in use by another server/);
  await small.kill();
  // Broken off in the middle of the files, and run again.
  fleet.s3.fail({ on: /^PUT .*video\.mp4/, status: 403, code: 'AccessDenied', times: 1 });
  expect((await copy()).code).toBe(1);
  const report = JSON.parse((await copy()).out) as { videos: number; files: number; known: number };
  expect(report).toMatchObject({ videos: 3 });
  expect(report.files).toBeGreaterThan(4);
  expect(report.known).toBeGreaterThan(0);
  const again = JSON.parse((await copy()).out) as { files: number; known: number };
  expect(again.known).toBe(again.files);

  const api = await fleet.start('api', { data: join(scratch.path, 'other') });
  await fleet.start('worker', { data: join(scratch.path, 'other') });
  expect(wholeFile(await api.api.content(done.id)).equals(bytes)).toBe(true);
  expect((await api.api.create(ask, { 'idempotency-key': 'k' })).id).toBe(done.id);
  expect((await api.api.call('/v1/videos', { key: made.secret })).json<{ data: ShownVideo[] }>().data).toHaveLength(3);
  await api.api.succeeded(open.id, 120_000);

  const foreign = await fleet.postgres.database('foreign_one');
  await runInbetween(['migrate'], { env: { ...fleet.env, DATABASE_URL: foreign } });
  const one = await fleet.start('serve', { env: { DATABASE_URL: foreign }, data: join(scratch.path, 'one') });
  await one.stop();
  const refused = await runInbetween(['copy', '--data-dir', scratch.data, '--to-database', foreign], {
    env: fleet.env,
  });
  expect(refused.err).toMatch(/holds another installation's videos/);
});
