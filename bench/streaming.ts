/**
 * Whether memory grows with the file when many clients stream it at once: 50 of them, every second one slow, ask for a file
 * from a random place on, again and again, first for a small one and then for a large one, from disk and from a bucket.
 *
 *   node bench/streaming.ts [--quick] [--stores disk,s3]
 *
 * Prints one JSON object on standard output and a table beside it.
 */
import { mkdir, truncate, writeFile } from 'node:fs/promises';
import { Agent, type IncomingMessage, request } from 'node:http';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { openSqliteStore } from '../packages/server/src/adapters/stores/sqlite/open.ts';
import { DEFAULT_OWNER } from '../packages/server/src/domain/id.ts';
import { begin, succeed } from '../packages/server/src/domain/transitions.ts';
import { POLICY, PREPARED, queued, RESULT } from '../packages/server/src/ports/store-contract/fixtures.contract.ts';
import { processesIn } from '../test/support/process-table.ts';
import { createS3Process } from '../test/support/s3-process.ts';
import { S3_CREDENTIALS } from '../test/support/s3-server.ts';
import { KEY, makeScratch, type Scratch, type ServerProcess, startServer } from '../test/support/server-process.ts';
import { type Figure, load, met, round, table } from './accept/figures.ts';
import { residentBytes } from './streaming/resident.ts';

const { values } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, stores: { type: 'string', default: 'disk,s3' } },
});
const CLIENTS = 50;
const MIB = 1 << 20;
const SMALL = 16 * MIB;
const LARGE = values.quick ? 256 * MIB : 1_024 * MIB;
const RUN_MS = values.quick ? 3_000 : 12_000;
/** A client leaves after so much, and asks again from somewhere else. */
const ENOUGH = 32 * MIB;
/** After each piece, of a slow client. */
const SLOW_MS = 40;

const figures: Figure[] = [];
for (const store of values.stores.split(',')) figures.push(...(await measure(store)));
const missed = figures.filter((each) => met(each) === false).map(({ name }) => name);
console.log(JSON.stringify({ quick: values.quick, load: load(), figures, missed }, undefined, 2));
console.error(`\nload ${load()}\n${table(figures)}`);

async function measure(store: string): Promise<readonly Figure[]> {
  await using scratch = makeScratch();
  const s3 = store === 's3' ? await createS3Process(scratch.file('s3')) : undefined;
  const fileOf = (key: string) =>
    s3 === undefined ? join(scratch.data, 'artifacts', key) : scratch.file(`s3/objects/${encodeURIComponent(key)}`);
  const [small, large] = await prepare(scratch, fileOf);
  await s3?.start();
  const env: Record<string, string> =
    s3 === undefined
      ? {}
      : {
          S3_BUCKET: 'videos',
          S3_ENDPOINT: `http://127.0.0.1:${s3.port}`,
          AWS_ACCESS_KEY_ID: S3_CREDENTIALS.id,
          AWS_SECRET_ACCESS_KEY: S3_CREDENTIALS.secret,
        };
  try {
    await using server = await startServer(scratch, { env });
    const idle = residentBytes(server.pid);
    // The first round warms up.
    await stream(server, small, SMALL);
    const ofSmall = await stream(server, small, SMALL);
    const ofLarge = await stream(server, large, LARGE);
    const mib = (bytes: number) => round(bytes / MIB, 0);
    return [
      { name: `${store}: memory, idle`, value: mib(idle), unit: 'MiB' },
      { name: `${store}: most while ${CLIENTS} stream ${mib(SMALL)} MiB`, value: mib(ofSmall.most), unit: 'MiB' },
      { name: `${store}: most while ${CLIENTS} stream ${mib(LARGE)} MiB`, value: mib(ofLarge.most), unit: 'MiB' },
      {
        name: `${store}: the large file against the small one`,
        value: round(ofLarge.most / ofSmall.most),
        unit: '×',
        target: { kind: 'atMost', value: 1.25 },
      },
      {
        name: `${store}: read of the large file`,
        value: round(ofLarge.bytes / MIB / (RUN_MS / 1_000), 0),
        unit: 'MiB/s',
      },
    ];
  } finally {
    await s3?.kill();
    for (const { pid } of processesIn(scratch.cwd)) process.kill(pid, 'SIGKILL');
  }
}

/** Two finished videos whose files are full of zeros that take no room on the disk. */
async function prepare(scratch: Scratch, fileOf: (key: string) => string): Promise<readonly string[]> {
  await mkdir(scratch.data, { recursive: true });
  const store = await openSqliteStore(join(scratch.data, 'inbetween.db'));
  const ids: string[] = [];
  for (const [n, bytes] of [SMALL, LARGE].entries()) {
    const now = Date.now();
    const accepted = queued(n, { owner: DEFAULT_OWNER, at: now });
    const key = `videos/${accepted.id}/1/video.mp4`;
    const result = { ...RESULT, video: { ...RESULT.video, key, bytes } };
    const video = succeed(begin(accepted, now, POLICY), result, now, POLICY);
    await store.videos.insert(video, {});
    ids.push(video.id);
    for (const each of [PREPARED.first.key, PREPARED.last.key, RESULT.lastFrame?.key ?? '', key].filter(
      (name) => name !== '',
    )) {
      await mkdir(dirname(fileOf(each)), { recursive: true });
      await writeFile(fileOf(each), Buffer.alloc(10));
    }
    await truncate(fileOf(key), bytes);
  }
  await store.close();
  return ids;
}

interface Streamed {
  /** Of the server's memory. */
  readonly most: number;
  readonly bytes: number;
}

async function stream(server: ServerProcess, id = '', size: number): Promise<Streamed> {
  const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS });
  const end = performance.now() + RUN_MS;
  let most = 0;
  let bytes = 0;
  const sampling = setInterval(() => {
    most = Math.max(most, residentBytes(server.pid));
  }, 50);
  const client = async (n: number) => {
    while (performance.now() < end) {
      const start = Math.floor(Math.random() * (size - 1));
      const answer = await get(agent, `${server.url}/v1/videos/${id}/content`, start);
      if (answer.statusCode !== 206) throw new Error(`${answer.statusCode} instead of a part of the file`);
      let seen = 0;
      for await (const piece of answer) {
        seen += (piece as Buffer).length;
        bytes += (piece as Buffer).length;
        if (seen > ENOUGH || performance.now() > end) break;
        if (n % 2 === 1) await pause(SLOW_MS);
      }
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, (_, n) => client(n)));
  clearInterval(sampling);
  agent.destroy();
  return { most, bytes };
}

function get(agent: Agent, url: string, start: number): Promise<IncomingMessage> {
  const headers = { authorization: `Bearer ${KEY}`, range: `bytes=${start}-` };
  return new Promise((resolve, reject) => {
    request(url, { agent, headers }).once('response', resolve).once('error', reject).end();
  });
}
