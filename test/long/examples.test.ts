import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { EndpointId, OwnerId } from '../../packages/server/src/domain/id.ts';
import { bearer, mp4, png, testApp } from '../../packages/server/src/http/app.fixture.ts';
import { DEFAULT_TIMEOUTS } from '../../packages/server/src/http/parts.ts';
import { type Examples, examplesOf } from '../../packages/server/src/http/reference/examples.ts';
import { allRoutes } from '../../packages/server/src/http/routes.ts';

/** The examples of the reference are programs; here they are run, each as it stands, against a server. */

interface Ended {
  readonly code: number | null;
  readonly out: string;
}

async function runIn(folder: string, program: string, args: readonly string[], key: string): Promise<Ended> {
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(program, args, { cwd: folder, env: { PATH, HOME, INBETWEEN_API_KEY: key } });
  let out = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (out += text));
  const limit = setTimeout(() => child.kill('SIGKILL'), 60_000);
  const code = await new Promise<number | null>((done, failed) => child.once('error', failed).once('close', done));
  clearTimeout(limit);
  return { code, out };
}

const LANGUAGES: Readonly<
  Record<keyof Examples, { file: string; command: (file: string) => readonly [string, ...string[]] }>
> = {
  curl: { file: 'example.sh', command: (file) => ['sh', '-e', file] },
  typescript: { file: 'example.mts', command: (file) => [process.execPath, '--no-warnings', file] },
  python: { file: 'example.py', command: (file) => ['python3', file] },
};

async function isThere(program: string): Promise<boolean> {
  return runIn(tmpdir(), program, ['--version'], '').then(
    ({ code }) => code === 0,
    () => false,
  );
}

const languages = Object.keys(LANGUAGES) as readonly (keyof Examples)[];
describe.concurrent.each(languages)('the examples in %s', (language) => {
  it('work, each as it stands', async () => {
    const program = { curl: 'curl', typescript: process.execPath, python: 'python3' }[language];
    if (!(await isThere(program))) {
      if (process.env['CI'] !== undefined) throw new Error(`${program} is needed to run the examples`);
      return console.log(`${program} is not here: the examples in ${language} were not run`);
    }
    await using test = await testApp({ timeouts: { ...DEFAULT_TIMEOUTS, streamMs: 500 } });
    await test.app.listen({ port: 0, host: '127.0.0.1' });
    const base = `http://127.0.0.1:${(test.app.server.address() as AddressInfo).port}`;
    const folder = await mkdtemp(join(tmpdir(), 'inbetween-examples-'));
    try {
      await writeFile(join(folder, 'first.png'), png(1280, 720));
      const failed: string[] = [];
      let run = 0;
      for (const route of allRoutes(test.parts)) {
        const text = examplesOf(route, base)?.[language];
        // What is there to be refused is not for this test.
        if (text === undefined || ['openaiRemixVideo'].includes(route.doc.id)) continue;
        const ready = route.path.endsWith('/cancel') ? await made(test) : await finished(test);
        const file = await uploaded(test);
        const { file: name, command } = LANGUAGES[language];
        const { endpoint, delivery, key } = await hooked(test);
        const placed = text
          .replaceAll(/video_0\w+:\d+:whe_0\w+/g, delivery)
          .replaceAll(/video_0\w+/g, (id) => (delivery.startsWith(id) ? id : ready))
          .replaceAll(/whe_0\w+/g, (id) => (delivery.endsWith(id) ? id : endpoint))
          .replaceAll(/file_0\w+/g, file)
          .replaceAll(/key_0\w+/g, key);
        await writeFile(join(folder, name), placed);
        const [executable, ...args] = command(name);
        const { code, out } = await runIn(folder, executable, args, test.alice);
        run += 1;
        if (code !== 0) failed.push(`${route.doc.id}: ${out.slice(-400)}\n${placed}`);
      }
      expect(failed.join('\n\n')).toBe('');
      expect(run).toBeGreaterThan(25);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

it('the dry run of docs/usage.md works as it stands', async () => {
  await using test = await testApp();
  await test.app.listen({ port: 0, host: '127.0.0.1' });
  const page = await readFile(join(import.meta.dirname, '../../docs/usage.md'), 'utf8');
  const example = /```sh\n([\s\S]+?)```/.exec(page)?.[1] ?? '';
  const url = `http://127.0.0.1:${(test.app.server.address() as AddressInfo).port}`;
  const { code, out } = await runIn(tmpdir(), 'sh', ['-ec', example.replace('$INBETWEEN_URL', url)], test.alice);
  expect([code, out]).toEqual([0, expect.stringContaining('"object":"video.quote"')]);
});

type Test = Awaited<ReturnType<typeof testApp>>;

async function made(test: Test): Promise<string> {
  const payload = { model: 'wan2.2-kf2v-flash', images: ['sample_first', 'sample_last'] };
  const answer = await test.app.inject({ method: 'POST', url: '/v1/videos', headers: bearer(test.alice), payload });
  return answer.json<{ id: string }>().id;
}

async function finished(test: Test): Promise<string> {
  const id = await made(test);
  await test.worker.succeed(id, mp4(2_000));
  return id;
}

async function uploaded(test: Test): Promise<string> {
  const file = `data:image/png;base64,${Buffer.from(png(300, 300)).toString('base64')}`;
  const answer = await test.app.inject({
    method: 'POST',
    url: '/v1/files',
    headers: bearer(test.alice),
    payload: { file },
  });
  return answer.json<{ id: string }>().id;
}

/** An endpoint, something it is owed, and a key that may be revoked. */
async function hooked(test: Test): Promise<{ endpoint: string; delivery: string; key: string }> {
  const headers = bearer(test.alice);
  const ask = async (url: string, payload?: object) =>
    (await test.app.inject({ method: 'POST', url, headers, ...(payload ? { payload } : {}) })).json<{ id: string }>()
      .id;
  const endpoint = await ask('/v1/webhook_endpoints', { url: 'https://example.com/hooks' });
  const video = await made(test);
  await ask(`/v1/videos/${video}/cancel`);
  const { items } = await test.store.webhooks.list('alice' as OwnerId, { limit: 1, endpoint: endpoint as EndpointId });
  const key = await ask('/v1/admin/keys', { owner: 'alice', name: 'to be revoked' });
  // Only so many are allowed, and each example wants one of its own.
  for (const one of await test.store.webhooks.endpoints('alice' as OwnerId)) {
    if (one.id !== endpoint) await test.store.webhooks.removeEndpoint(one.id, one.owner);
  }
  return { endpoint, delivery: items[0]?.id ?? '', key };
}
