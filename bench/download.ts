import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { downloadNamed } from '../packages/server/src/adapters/backends/remote/download-named.ts';
import { downloadFrom } from '../packages/server/src/adapters/backends/remote/peer-http.ts';
import { createSdcppApi } from '../packages/server/src/adapters/backends/sdcpp/api.ts';
import { readAllowList } from '../packages/server/src/adapters/net/allow-list.ts';
import { createFetcher } from '../packages/server/src/adapters/net/fetcher.ts';

/**
 * What results of growing size cost in memory, on each way they come: an address that a peer names (DashScope, gateways),
 * a configured peer (ComfyUI, LightX2V, gateways), and base64 in an answer (sd-server).
 *
 *   node bench/download.ts [sizes in MB, 1,16,128,480]
 */
const SIZES = (process.argv[2] ?? '1,16,128,480').split(',').map(Number);
const PIECE = Buffer.alloc(1 << 20, 'not a video, only its size');

if (process.argv[2] === 'serve') serve();
else await measureAll();

/** The other end, in a process of its own. */
function serve(): void {
  const server = createServer((request, response) => {
    const megabytes = Number(/(\d+)$/.exec(request.url ?? '')?.[1] ?? 0);
    const inJson = request.url?.startsWith('/sdcpp') ?? false;
    if (!inJson) response.writeHead(200, { 'content-length': megabytes << 20, 'content-type': 'video/mp4' });
    void (inJson ? sendJob(response, megabytes) : sendPieces(response, PIECE, megabytes));
  });
  server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
  process.on('disconnect', () => process.exit());
}

async function sendJob(response: ServerResponse, megabytes: number): Promise<void> {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.write('{"id":"job","result":{"b64_json":"');
  // A piece of whole threes, so that the joined texts are one.
  const text = Buffer.from(PIECE.subarray(0, PIECE.length - (PIECE.length % 3)).toString('base64'));
  await sendPieces(response, text, megabytes, false);
  response.end('","frame_count":81,"output_format":"webm"},"status":"completed"}');
}

async function sendPieces(response: ServerResponse, piece: Buffer, count: number, ends = true): Promise<void> {
  for (let n = 0; n < count; n += 1) if (!response.write(piece)) await once(response, 'drain');
  if (ends) response.end();
}

async function measureAll(): Promise<void> {
  const server = fork(import.meta.filename, ['serve']);
  const [port] = (await once(server, 'message')) as [number];
  const url = `http://127.0.0.1:${port}`;
  const folder = await mkdtemp(join(tmpdir(), 'inbetween-bench-'));
  const quiet = () => undefined;
  const log = { debug: quiet, info: quiet, warn: quiet, error: quiet };
  const fetcher = createFetcher({
    allow: readAllowList('127.0.0.1'),
    log,
    meter: { count: quiet, observe: quiet },
  });
  const { signal } = new AbortController();
  const address = { url, headers: {} };
  const sd = createSdcppApi({ address });
  const ways: Readonly<Record<string, (megabytes: number, to: string) => Promise<unknown>>> = {
    'an address that is named': (mb, to) => downloadNamed(fetcher, `${url}/file/${mb}`, 'public', to, signal),
    'a configured peer': (mb, to) => downloadFrom(address, { method: 'GET', path: `/file/${mb}` }, to, signal),
    'base64 in JSON': (mb, to) => sd.fetchResult({ job: `${mb}` }, null, to, signal),
    'a look at a finished job': async (mb) => sd.poll({ job: `${mb}` }, signal),
  };
  for (const [way, bring] of Object.entries(ways)) {
    const told: string[] = [];
    for (const megabytes of SIZES) {
      const to = join(folder, 'result');
      const startedAt = performance.now();
      const grownBy = await peakOf(() => bring(megabytes, to));
      const { size } = await stat(to).catch(() => ({ size: 0 }));
      const took = Math.round(performance.now() - startedAt);
      told.push(`${megabytes} MB: +${grownBy} MB (${Math.round(size / 1_048_576)} on disk, ${took} ms)`);
      await rm(to, { force: true });
    }
    console.log(`${way.padEnd(26)} ${told.join(' · ')}`);
  }
  await fetcher.close();
  server.disconnect();
  await rm(folder, { recursive: true });
}

/** By how much resident memory grows while something runs, at its most, in MB. */
async function peakOf(run: () => Promise<unknown>): Promise<number> {
  const before = process.memoryUsage.rss();
  let most = before;
  const watch = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss());
  }, 5);
  await run();
  clearInterval(watch);
  return Math.round((Math.max(most, process.memoryUsage.rss()) - before) / 1_048_576);
}
