import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { inspectMp4 } from '@inbetween/renderer';
import { afterAll, afterEach, beforeEach, expect, it } from 'vitest';
import { forget, isAlive, type Spawned, startServer, temporaryFolder, until } from '../support/server.ts';

const ASK = { model: 'wan2.2-kf2v-flash', images: ['sample_first', 'sample_last'], size: '480P' };
const RENDER_CHILD = 'renderer/child';

let folder: string;
let server: Spawned;
const folders: string[] = [];

beforeEach(async () => {
  folder = await temporaryFolder();
  folders.push(folder);
  server = await startServer(folder);
});
afterEach(() => server.kill());
afterAll(() => Promise.all(folders.map(forget)));

const gone = (pid: number) =>
  until(`end of child ${pid}`, async () => ((await isAlive(pid)) ? undefined : true), 10_000);

async function wholeFile(id: string): Promise<void> {
  const answer = await server.api(`/v1/videos/${id}/content`);
  const bytes = new Uint8Array(await answer.arrayBuffer());
  expect(answer.headers.get('etag')).toBe(`"${createHash('sha256').update(bytes).digest('hex')}"`);
  expect(inspectMp4(bytes)).toMatchObject({ frames: 150, faststart: true });
}

it('loses nothing over kills at many moments', async () => {
  const accepted: string[] = [];
  // Measured from the create: while admitting, when queued, early in a render, late in one.
  for (const moment of [0, 30, 150, 600, 2500, 60]) {
    const created = await Promise.all(
      [server.create(ASK), server.create({ ...ASK, seed: 1 })].slice(0, accepted.length === 0 ? 2 : 1),
    );
    accepted.push(...created.map(({ id }) => id));
    await new Promise((resolve) => setTimeout(resolve, moment));
    const children = await server.children(RENDER_CHILD);
    await server.kill();
    await Promise.all(children.map(gone));
    server = await startServer(folder);
  }
  // Two of them to the very end; the others only must be alive, each exactly once, and end as they are told.
  for (const id of accepted.slice(2)) {
    const answer = await server.api(`/v1/videos/${id}/cancel`, { method: 'POST' });
    expect([200, 409]).toContain(answer.status);
  }
  for (const id of accepted.slice(0, 2)) {
    await server.reach(id, ['succeeded'], 180_000);
    await wholeFile(id);
  }
  const list = (await (await server.api('/v1/videos?limit=100')).json()) as { data: { id: string; status: string }[] };
  expect(list.data.map(({ id }) => id).sort()).toEqual([...accepted].sort());
  expect(list.data.every(({ status }) => ['succeeded', 'cancelled'].includes(status))).toBe(true);
  await until(
    'empty tmp folder',
    async () => ((await readdir(join(folder, 'tmp'))).length === 0 ? true : undefined),
    10_000,
  );
});
