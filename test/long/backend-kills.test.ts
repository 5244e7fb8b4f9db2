import { writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { isFinal, MODEL } from '../support/api.ts';
import { type FakeDashscope, startFakeDashscope } from '../support/fakes/dashscope/server.ts';
import { makeScratch, type Scratch, type ServerProcess, startServer } from '../support/server-process.ts';
import { until } from '../support/until.ts';

const ASK = { model: MODEL, images: ['sample_first', 'sample_last'], size: '480P', seed: 7 };

/** When the axe falls on the server, and what must have become of the video in the end. */
const MOMENTS: readonly {
  readonly when: string;
  arrive(fake: FakeDashscope, server: ServerProcess, id: string): Promise<void>;
  arrange?(fake: FakeDashscope): void;
  readonly ends: 'succeeded' | 'submission_unknown' | undefined;
  /** How often the create arrives; undefined: once at most. */
  readonly creates: number | undefined;
}[] = [
  {
    when: 'right after both frames are prepared',
    arrive: async (_, server, id) => void (await server.api.prepared(id)),
    // The create may or may not have left by then: both ends are right, a second create is not.
    ends: undefined,
    creates: undefined,
  },
  {
    when: 'while the create is answered: accepted, and nobody was told',
    arrive: (fake) => fake.moments.hold('created').reached,
    ends: 'submission_unknown',
    creates: 1,
  },
  {
    when: 'while the task runs',
    arrive: async (fake) => {
      await fake.moments.hold('running').reached;
      await looked(fake);
    },
    ends: 'succeeded',
    creates: 1,
  },
  {
    when: 'when the task is done, before that is seen',
    arrive: async (fake) => {
      await fake.moments.hold('done').reached;
      await looked(fake);
    },
    ends: 'succeeded',
    creates: 1,
  },
  {
    when: 'while the result is downloaded',
    arrange: (fake) => fake.http.faults.add('GET /results/', { kind: 'slow-body', bytes: 500, everyMs: 50 }, 1),
    arrive: async (fake) => void (await until('a download', () => fake.http.count('GET /results/') > 0)),
    ends: 'succeeded',
    creates: 1,
  },
  {
    when: 'while the result is stored',
    arrive: async (fake, server, id) => {
      await until('a download', () => fake.http.count('GET /results/') > 0);
      await server.api.wait(id, ({ metadata, status }) => metadata.phase === 'storing' || isFinal(status), 60_000, 2);
    },
    ends: 'succeeded',
    creates: 1,
  },
];

/** The first look at a task comes after its handle was saved. */
async function looked(fake: FakeDashscope): Promise<void> {
  const looks = () => fake.http.calls.filter((call) => /^GET \/api\/v1\/tasks\/[0-9a-f-]{36}$/.test(call));
  await until('a look at the task', () => looks().length > 0);
}

function environment(scratch: Scratch, fake: FakeDashscope): Record<string, string> {
  const path = scratch.file('inbetween.yaml');
  writeFileSync(
    path,
    `backends: {dashscope: {kind: dashscope, credential: DASHSCOPE_API_KEY, url: '${fake.url}', pollEvery: 100ms}}\n`,
  );
  return { INBETWEEN_CONFIG: path, DASHSCOPE_API_KEY: 'sk-fake' };
}

it.each(MOMENTS)('kill -9 $when', { timeout: 120_000 }, async ({ arrange, arrive, ends, creates }) => {
  await using scratch = makeScratch();
  const fake = await startFakeDashscope({ runMs: 200 });
  const env = environment(scratch, fake);
  arrange?.(fake);
  const server = await startServer(scratch, { env });
  const { id } = await server.api.create(ASK);
  await arrive(fake, server, id);
  await server.kill();
  fake.moments.releaseAll();
  await using again = await startServer(scratch, { env });
  const video = await again.api.wait(id, ({ status }) => isFinal(status), 90_000);
  const end = video.error?.code ?? video.status;
  expect(ends === undefined ? ['succeeded', 'submission_unknown'] : [ends]).toContain(end);
  const arrived = fake.http.count('POST /api/v1/services');
  expect(arrived).toBeLessThanOrEqual(1);
  expect(arrived).toBe(creates ?? arrived);
  expect(fake.wishes).toHaveLength(arrived);
  if (end === 'succeeded') expect(arrived).toBe(1);
  if (end === 'succeeded') expect((await again.api.content(id)).status).toBe(200);
  await fake.kill();
});
