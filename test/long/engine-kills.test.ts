import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspectMp4 } from '@inbetween/renderer';
import { expect, it } from 'vitest';
import { MODEL, wholeFile } from '../support/api.ts';
import type { EngineMoment } from '../support/fakes/comfyui/engine.ts';
import { type FakeComfyui, startFakeComfyui } from '../support/fakes/comfyui/server.ts';
import { decode } from '../support/mp4-judge.ts';
import { dataUrl, paintPair } from '../support/paintings.ts';
import { makeScratch, startServer } from '../support/server-process.ts';

/** When the server dies: as a request of its own is on its way, or while the engine is somewhere. */
type Moment = { readonly call: string } | { readonly engine: EngineMoment };

const MOMENTS: readonly Moment[] = [
  { call: 'GET /system_stats' },
  { call: 'POST /upload/image' },
  { call: 'POST /prompt' },
  // Accepted, and the answer is not out yet: sent, and not saved.
  { engine: 'accepted' },
  { engine: 'started' },
  { call: 'GET /ws' },
  { engine: 'sampling' },
  { engine: 'saving' },
  { engine: 'done' },
  { call: 'GET /view' },
];

/** Resolves when the moment has come; the engine stands still until it is released. */
function standAt(fake: FakeComfyui, moment: Moment): { readonly came: Promise<void>; release(): void } {
  if ('engine' in moment) {
    const hold = fake.engine.moments.hold(moment.engine);
    return { came: hold.reached, release: () => hold.release() };
  }
  const came = Promise.withResolvers<void>();
  fake.http.onCall = (call) => {
    if (!call.startsWith(moment.call)) return;
    fake.http.onCall = undefined;
    came.resolve();
  };
  return { came: came.promise, release: () => undefined };
}

it('kill -9 between any two steps: each video is sent once and ends well', async () => {
  await using scratch = makeScratch();
  const fake = await startFakeComfyui({ stepMs: 20 });
  const file = `backends:\n  comfyui:\n    kind: comfyui\n    url: ${fake.url}\n    pollEvery: 200ms\nmodels:\n  ${MODEL}: [comfyui]\n`;
  await writeFile(join(scratch.cwd, 'inbetween.yaml'), file);
  const images = (await paintPair(320, 320)).map((png) => dataUrl(png));
  const told: string[] = [];
  try {
    for (const [number, moment] of MOMENTS.entries()) {
      const server = await startServer(scratch);
      const before = fake.engine.accepted;
      const wait = standAt(fake, moment);
      const { id } = await server.api.create({ model: MODEL, images, size: '480P', seed: number });
      await wait.came;
      await server.kill();
      wait.release();
      const next = await startServer(scratch);
      const video = await next.api.succeeded(id, 90_000);
      const facts = inspectMp4(wholeFile(await next.api.content(id)));
      const where = Object.values(moment).join();
      told.push(`killed at ${where}: sent ${fake.engine.accepted - before}, ${facts.frames} frames`);
      expect(fake.engine.accepted - before, where).toBe(1);
      expect(video.metadata, where).toMatchObject({ frame_check: { verdict: 'respected' }, frames: 81 });
      expect((await decode(wholeFile(await next.api.content(id)))).frames, where).toHaveLength(81);
      await next.stop();
    }
  } finally {
    console.log(told.join('\n'));
    await fake.kill();
  }
}, 400_000);
