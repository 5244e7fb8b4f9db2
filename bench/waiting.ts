import { readFileSync } from 'node:fs';
import { Agent, createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { KEY, makeScratch, startServer } from '../test/support/server-process.ts';
import { residentBytes } from './streaming/resident.ts';

/**
 * What a thousand waiting clients cost one server process: its CPU time while nothing happens, its memory, and how soon
 * all of them hear of a change. `node bench/waiting.ts [clients] [seconds]`.
 */
const CLIENTS = Number(process.argv[2] ?? 1_000);
const IDLE_S = Number(process.argv[3] ?? 10);
const VIDEOS = 20;

// Pictures that never come keep their videos pending, so nothing but waiting is measured.
const silent = createServer(() => undefined);
await new Promise<void>((listening) => silent.listen(0, '127.0.0.1', listening));
const picture = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/a.png`;

await using scratch = makeScratch();
await using server = await startServer(scratch);
const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });
const headers = { authorization: `Bearer ${KEY}` };

for (const kind of ['events', 'wait'] as const) {
  const ids: string[] = [];
  for (let n = 0; n < VIDEOS; n += 1) {
    ids.push((await server.api.create({ model: 'wan2.2-kf2v-flash', images: [picture, picture] })).id);
  }
  const before = usage();
  const heard: Promise<number>[] = [];
  for (let n = 0; n < CLIENTS; n += 1) {
    const id = ids[n % VIDEOS] ?? '';
    const path = kind === 'events' ? `/v1/videos/${id}/events` : `/v1/videos/${id}?wait=60`;
    heard.push((await open(path, kind)).heard);
  }
  await pause(1_000);
  const idle = usage();
  await pause(IDLE_S * 1_000);
  const after = usage();
  const began = performance.now();
  await Promise.all(ids.map((id) => server.api.cancel(id)));
  const times = (await Promise.all(heard)).map((at) => at - began).sort((a, b) => a - b);
  const at = (share: number) => `${(times[Math.floor((times.length - 1) * share)] ?? 0).toFixed(0)} ms`;
  console.log(
    `${CLIENTS} × ${kind}: ${(((after.cpuS - idle.cpuS) / IDLE_S) * 100).toFixed(1)} % of a core while nothing happens, ` +
      `${((after.rssKb - before.rssKb) / CLIENTS).toFixed(0)} KB a client; all of ${VIDEOS} videos cancelled: ` +
      `half heard of it in ${at(0.5)}, 99 % in ${at(0.99)}, the last in ${at(1)}`,
  );
}
agent.destroy();
silent.closeAllConnections();
silent.close();

/** Opens a request; resolves when it is under way. `heard` tells when its end was heard. */
async function open(path: string, kind: 'events' | 'wait'): Promise<{ readonly heard: Promise<number> }> {
  const sent = request(`${server.url}${path}`, { agent, headers });
  const answered = new Promise<IncomingMessage>((resolve, reject) =>
    sent.once('response', resolve).once('error', reject),
  );
  sent.end();
  if (kind === 'events') {
    const response = await answered;
    const ended = new Promise<number>((resolve) => response.resume().once('end', () => resolve(performance.now())));
    return { heard: ended };
  }
  await new Promise((sentOff) => setImmediate(sentOff));
  const heard = answered.then(async (response) => {
    for await (const _ of response) {
      // Read to its end.
    }
    return performance.now();
  });
  return { heard };
}

/** CPU time and memory of the server, from /proc. */
function usage(): { readonly cpuS: number; readonly rssKb: number } {
  const stat = readFileSync(`/proc/${server.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return { cpuS: (Number(stat[11]) + Number(stat[12])) / 100, rssKb: residentBytes(server.pid) / 1_024 };
}
