import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspectMp4 } from '@inbetween/renderer';
import { expect } from 'vitest';
import { isFinal, MODEL, OTHER_MODEL, wholeFile } from '../api.ts';
import type { FakeServer } from '../fakes/fake-server.ts';
import type { Moments } from '../fakes/moments.ts';
import { decode } from '../mp4-judge.ts';
import { dataUrl, paintPair } from '../paintings.ts';
import { makeScratch, startServer } from '../server-process.ts';
import { until } from '../until.ts';

/** When the axe falls on the server, and what must have become of the video in the end. */
export interface KillStep<Moment extends string> {
  /** As a request of ours arrives that begins like this, if it is not about a moment. */
  readonly call?: string;
  /** While the engine stands here. */
  readonly engine?: Moment;
  /** And, at that moment, after a request of ours that begins like this, so that what came before it is saved. */
  readonly after?: string;
  /** Downloads are slow, so that the axe falls in the middle of one. */
  readonly slow?: string;
  /** How it ends; `succeeded` unless said otherwise. */
  readonly ends?: 'submission_unknown';
  /** How often it was sent in all; once unless said otherwise. */
  readonly sent?: number;
}

export interface KillPlan<Moment extends string> {
  readonly fake: { readonly http: FakeServer; readonly url: string; kill(): Promise<void> };
  readonly moments: Moments<Moment>;
  /** The backend's entry in the configuration file. */
  readonly entry: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly steps: readonly KillStep<Moment>[];
  /** How many asks the engine has accepted so far. */
  accepted(): number;
  /** Nothing is to be left of a video where the adapter puts things. */
  leftovers?(): Promise<readonly string[]>;
  readonly frames: number;
}

/** Kills the server with SIGKILL at each step of a video of its own; the server that goes on with it gets the next one. */
export async function killAtEachStep<Moment extends string>(plan: KillPlan<Moment>): Promise<void> {
  const { fake, entry, env = {}, steps } = plan;
  await using scratch = makeScratch();
  const config = {
    backends: { engine: { url: fake.url, pollEvery: '100ms', ...entry } },
    // Both, so that no server tries the renderer, which is not asked here.
    models: { [MODEL]: ['engine'], [OTHER_MODEL]: ['engine'] },
  };
  await writeFile(join(scratch.cwd, 'inbetween.json'), JSON.stringify(config));
  const images = (await paintPair(320, 320)).map((png) => dataUrl(png));
  const told: string[] = [];
  let server = await startServer(scratch, { env });
  try {
    for (const [number, step] of steps.entries()) {
      const before = plan.accepted();
      const where = Object.values(step).join(' ');
      const stand = standAt(plan, step);
      const { id } = await server.api.create({ model: MODEL, images, size: '480P', seed: number });
      await stand.came();
      await server.kill();
      stand.release();
      server = await startServer(scratch, { env });
      const video = await server.api.wait(id, ({ status }) => isFinal(status), 90_000);
      const sent = plan.accepted() - before;
      const end = video.error?.code ?? video.status;
      told.push(`  ${where}: sent ${sent}, ${end}`);
      expect(end, where).toBe(step.ends ?? 'succeeded');
      expect(sent, where).toBe(step.sent ?? 1);
      if (end === 'succeeded') {
        const file = wholeFile(await server.api.content(id));
        expect(video.metadata, where).toMatchObject({ frame_check: { verdict: 'respected' }, frames: plan.frames });
        expect(Object.keys(inspectMp4(file).tags), where).toEqual(['AIGC']);
        expect((await decode(file)).frames, where).toHaveLength(plan.frames);
      }
      expect((await plan.leftovers?.()) ?? [], where).toEqual([]);
    }
  } finally {
    console.log([`${entry['kind']}, killed at`, ...told].join('\n'));
    await server.stop();
    await fake.kill();
  }
}

/** Resolves when the moment has come; the engine stands still until it is released. */
function standAt<Moment extends string>(
  { fake, moments }: KillPlan<Moment>,
  { call, engine, after, slow }: KillStep<Moment>,
): { came(): Promise<void>; release(): void } {
  const { http } = fake;
  if (slow !== undefined) http.faults.add(slow, { kind: 'slow-body', bytes: 400, everyMs: 50 }, 1);
  if (engine !== undefined) {
    const hold = moments.hold(engine);
    const came = async () => {
      await hold.reached;
      const seen = after === undefined ? 0 : http.count(after);
      if (after !== undefined) await until(after, () => http.count(after) > seen);
    };
    return { came, release: () => hold.release() };
  }
  const arrived = Promise.withResolvers<void>();
  http.onCall = (each) => {
    if (call === undefined || !each.startsWith(call)) return;
    http.onCall = undefined;
    arrived.resolve();
  };
  return { came: () => arrived.promise, release: () => http.faults.clear() };
}
