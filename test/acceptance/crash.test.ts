import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { inspectMp4 } from '@inbetween/renderer';
import { afterAll, afterEach, beforeEach, expect, it } from 'vitest';
import { forget, isAlive, type Spawned, startServer, temporaryFolder, until } from '../support/server.ts';

const ASK = { model: 'wan2.2-kf2v-flash', images: ['sample_first', 'sample_last'], size: '480P' };
const RENDER_CHILD = 'renderer/child';
const ORDER = ['pending', 'queued', 'running', 'succeeded'];

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

const renderChild = () => until('render child', async () => (await server.children(RENDER_CHILD))[0]);
const gone = (pid: number) =>
  until(`end of child ${pid}`, async () => ((await isAlive(pid)) ? undefined : true), 10_000);

async function wholeFile(id: string): Promise<void> {
  const answer = await server.api(`/v1/videos/${id}/content`);
  const bytes = new Uint8Array(await answer.arrayBuffer());
  expect(answer.headers.get('etag')).toBe(`"${createHash('sha256').update(bytes).digest('hex')}"`);
  expect(inspectMp4(bytes)).toMatchObject({ frames: 150, faststart: true });
}

it('survives kill -9 of the child, then of the server, while rendering', async () => {
  const { id } = await server.create(ASK);
  await server.reach(id, ['running']);
  const first = await renderChild();
  process.kill(first, 'SIGKILL');
  await gone(first);
  // A crashed child counts as a fault: the attempt is tried again after a back-off.
  const second = await until('second child', async () =>
    (await server.children(RENDER_CHILD)).find((pid) => pid !== first),
  );
  const before = await server.get(id);
  expect(before.status).toBe('running');

  await server.kill();
  await gone(second);
  server = await startServer(folder);
  const after = await server.get(id);
  expect(ORDER.indexOf(after.status)).toBeGreaterThanOrEqual(ORDER.indexOf(before.status));
  expect(after.progress).toBeGreaterThanOrEqual(before.progress);
  await server.reach(id, ['succeeded']);
  await wholeFile(id);
  expect(await readdir(join(folder, 'tmp'))).toEqual([]);
});

it('gives a render back on SIGTERM and quits at once on the second', async () => {
  await server.kill();
  server = await startServer(folder, { SHUTDOWN_GRACE: '1s' });
  const { id } = await server.create(ASK);
  await server.reach(id, ['running']);
  const child = await renderChild();
  expect(await server.stop()).toBe(0);
  await gone(child);

  server = await startServer(folder);
  expect((await server.get(id)).status).toBe('running');
  await renderChild();
  server.signal('SIGTERM');
  await until('notice of the first signal', () => (server.error().includes('SIGTERM') ? true : undefined));
  server.signal('SIGTERM');
  expect(await server.exited(2_000)).toBe(143);

  server = await startServer(folder);
  expect((await server.api(`/v1/videos/${id}/cancel`, { method: 'POST' })).status).toBe(200);
  expect((await server.get(id)).status).toBe('cancelled');
});
