import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { MODEL } from '../support/api.ts';
import { judgeVideo } from '../support/mp4-judge.ts';
import { childrenOf, isRunning, killSeen, type SeenProcess } from '../support/process-table.ts';
import { makeScratch, type ServerProcess, startServer } from '../support/server-process.ts';
import { until } from '../support/until.ts';

const ASK = { model: MODEL, images: ['sample_first', 'sample_last'], size: '480P' };

/** The child that renders, once there is one that is not among `others`. */
function renderChild(server: ServerProcess, others: readonly SeenProcess[] = []): Promise<SeenProcess> {
  return until('a render child', async () =>
    childrenOf(server.pid).find(
      ({ pid, title }) =>
        title.includes('render') && !title.includes('media') && !others.some((other) => other.pid === pid),
    ),
  );
}

it.concurrent('a video lives through a killed child, a polite stop, an impatient one and a power cut', async () => {
  await using scratch = makeScratch();
  let server = await startServer(scratch, { env: { SHUTDOWN_GRACE: '1s' } });
  const { id } = await server.api.create(ASK);
  await server.api.wait(id, ({ status }) => status === 'running');

  // A crashed child is a fault of the attempt: the next one begins after a back-off.
  const first = await renderChild(server);
  killSeen(first);
  const second = await renderChild(server, [first]);
  expect((await server.api.find(id)).status).toBe('running');

  // SIGTERM with less time than the render needs: given back, and a clean end.
  expect(await server.stop()).toEqual({ code: 0, signal: null });
  expect(isRunning(second)).toBe(false);

  server = await startServer(scratch);
  expect((await server.api.find(id)).status).toBe('running');
  const third = await renderChild(server);
  server.signal('SIGTERM');
  await until('word of the first signal', () => server.err().includes('SIGTERM'));
  server.signal('SIGTERM');
  expect((await server.ended).code).toBe(143);
  await until('the end of the child', () => !isRunning(third));

  server = await startServer(scratch);
  const fourth = await renderChild(server);
  await server.kill();
  await until('the end of the child', () => !isRunning(fourth));

  server = await startServer(scratch);
  const done = await server.api.succeeded(id, 90_000);
  await judgeVideo(server.api, done);
  expect(await readdir(join(scratch.data, 'tmp'))).toEqual([]);
  expect(await server.stop()).toEqual({ code: 0, signal: null });
});

it.concurrent('a render that fits into the grace period is finished before the server goes', async () => {
  await using scratch = makeScratch();
  let server = await startServer(scratch, { env: { SHUTDOWN_GRACE: '60s' } });
  const { id } = await server.api.create(ASK);
  await server.api.wait(id, ({ status }) => status === 'running');
  expect(await server.stop(70_000)).toEqual({ code: 0, signal: null });
  server = await startServer(scratch);
  expect((await server.api.find(id)).status).toBe('succeeded');
  await server.stop();
});

it.concurrent('a server that is told to stop the moment it says that it listens ends politely', async () => {
  await using scratch = makeScratch();
  const server = await startServer(scratch);
  server.signal('SIGTERM');
  expect(await server.ended).toEqual({ code: 0, signal: null });
});
