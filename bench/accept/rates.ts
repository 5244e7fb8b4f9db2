import { join } from 'node:path';
import type { ApiOrder } from './api.ts';
import { wire } from './ask.ts';
import { type Figure, median, round } from './figures.ts';
import { type Helper, startHelper } from './helper.ts';
import type { Reachable } from './lives.ts';
import type { LoadAnswer, LoadOrder } from './load.ts';
import { startFlags } from './start-flags.ts';
import { countWal } from './wal.ts';

/** The API in one process, the load generator in another. */
export interface Bench {
  readonly api: Helper;
  readonly load: Helper;
  readonly port: number;
  readonly secret: string;
  readonly database: string;
  readonly body: Buffer;
  /** Length of one round of one side, and how many. */
  readonly ms: number;
  readonly rounds: number;
  /** Where CPU profiles go; undefined: none are taken. */
  readonly profiles: string | undefined;
}

type Where = Pick<Bench, 'port' | 'secret' | 'database'>;

export async function openBench(
  folder: string,
  rest: Pick<Bench, 'body' | 'ms' | 'rounds' | 'profiles'>,
): Promise<Bench> {
  const api = startHelper('api', [folder], startFlags());
  const load = startHelper('load');
  return { ...rest, api, load, ...(await api.ask<Where>({ do: 'where' } satisfies ApiOrder)) };
}

/** Small enough that SQLite does not fold its log back (1,000 pages, about 30 a create). */
const COUNTED = 20;

/** Figure 1: commits of a create. */
export async function countCommits({ database, port, secret, body }: Bench): Promise<readonly Figure[]> {
  // The first answer comes after all the writes of the start.
  await create(port, secret, body);
  const before = await countWal(database);
  for (let n = 0; n < COUNTED; n += 1) await create(port, secret, body);
  const after = await countWal(database);
  if (before.salt !== after.salt) throw new Error('the log was begun anew while it was counted');
  return [
    {
      name: 'commits per create',
      value: (after.commits - before.commits) / COUNTED,
      unit: '',
      target: { kind: 'is', value: 1 },
    },
    { name: '  pages per create', value: (after.pages - before.pages) / COUNTED, unit: '' },
  ];
}

/** Creates one video; returns its id. */
async function create(port: number, secret: string, body: Buffer): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${port}/v1/videos`, {
    method: 'POST',
    headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
    body: new Uint8Array(body),
  });
  if (answer.status !== 200) throw new Error(await answer.text());
  return ((await answer.json()) as { readonly id: string }).id;
}

const CREATORS = 8;
const READERS = 16;

/** Figure 2: creates a second, against the same bytes committed to bare SQLite. */
export async function measureCreates(bench: Bench): Promise<readonly Figure[]> {
  const request = wire('POST', '/v1/videos', bench.secret, bench.body);
  const post = (ms: number) => press(bench, { port: bench.port, request, connections: CREATORS, ms });
  const bare = async (ms: number) => {
    const perSecond = await bench.api.ask<number>({ do: 'commitBare', ms } satisfies ApiOrder);
    return { perSecond, p50Ms: 0, p99Ms: 0, cpuMicros: 0 };
  };
  await post(bench.ms);
  await bare(bench.ms / 4);
  const sides = await interleave(bench, post, bare);
  await profiled(bench, 'creates', () => post(bench.ms * 2));
  return [
    { name: 'creates / bare commits', value: sides.ratio, unit: '', target: { kind: 'atLeast', value: 0.5 } },
    { name: '  creates', value: sides.ours.perSecond, unit: '/s' },
    { name: '  bare commits', value: sides.theirs.perSecond, unit: '/s' },
    { name: '  create p50, 8 at once', value: sides.ours.p50Ms, unit: 'ms' },
    { name: '  create p99, 8 at once', value: sides.ours.p99Ms, unit: 'ms' },
    { name: '  CPU of a create', value: sides.ours.cpuMicros, unit: 'µs' },
  ];
}

/** Figure 3: looks at one video a second, against a bare Fastify route that sends as much. */
export async function measureReads(bench: Bench, status: Reachable): Promise<readonly Figure[]> {
  const id = await create(bench.port, bench.secret, bench.body);
  await bench.api.ask({ do: 'lead', id, to: status } satisfies ApiOrder);
  const answer = await fetch(`http://127.0.0.1:${bench.port}/v1/videos/${id}`, {
    headers: { authorization: `Bearer ${bench.secret}` },
  });
  const text = await answer.text();
  if (answer.status !== 200 || !text.includes(`"status":"${status}"`)) throw new Error(text);
  const barePort = await bench.api.ask<number>({ do: 'serveBare', text } satisfies ApiOrder);
  const ask = (port: number, path: string) => {
    const request = wire('GET', path, bench.secret);
    return (ms: number) => press(bench, { port, request, connections: READERS, ms, awake: true });
  };
  const ours = ask(bench.port, `/v1/videos/${id}`);
  const theirs = ask(barePort, '/static');
  await ours(bench.ms);
  await theirs(bench.ms);
  const sides = await interleave(bench, ours, theirs);
  await profiled(bench, `reads-${status}`, () => ours(bench.ms * 2));
  const cpuRatio = round(sides.theirs.cpuMicros / sides.ours.cpuMicros);
  return [
    { name: `${status} read / bare route`, value: sides.ratio, unit: '', target: { kind: 'atLeast', value: 0.4 } },
    { name: '  the same by CPU time', value: cpuRatio, unit: '' },
    { name: '  reads', value: sides.ours.perSecond, unit: '/s' },
    { name: '  bare answers', value: sides.theirs.perSecond, unit: '/s' },
    { name: '  CPU of a read', value: sides.ours.cpuMicros, unit: 'µs' },
    { name: '  CPU of a bare answer', value: sides.theirs.cpuMicros, unit: 'µs' },
  ];
}

interface Pressed extends Pick<LoadAnswer, 'perSecond' | 'p50Ms' | 'p99Ms'> {
  /** Of the API's process, for one answer. */
  readonly cpuMicros: number;
}

async function press({ api, load }: Bench, order: LoadOrder): Promise<Pressed> {
  const before = await api.ask<number>({ do: 'cpu' } satisfies ApiOrder);
  const answer = await load.ask<LoadAnswer>(order);
  const after = await api.ask<number>({ do: 'cpu' } satisfies ApiOrder);
  return { ...answer, cpuMicros: (after - before) / answer.answers };
}

type Side = (ms: number) => Promise<Pressed>;

/** Both sides in turns, so that what else happens on the machine happens to both; the ratio is taken in each round. */
async function interleave({ ms, rounds }: Bench, ours: Side, theirs: Side) {
  const pairs: { readonly ours: Pressed; readonly theirs: Pressed }[] = [];
  for (let n = 0; n < rounds; n += 1) {
    if (n % 2 === 0) pairs.push({ ours: await ours(ms), theirs: await theirs(ms) });
    else {
      const second = await theirs(ms);
      pairs.push({ ours: await ours(ms), theirs: second });
    }
  }
  const middle = (side: 'ours' | 'theirs'): Pressed => {
    const of = (name: keyof Pressed) => round(median(pairs.map((pair) => pair[side][name])), 1);
    return { perSecond: of('perSecond'), p50Ms: of('p50Ms'), p99Ms: of('p99Ms'), cpuMicros: of('cpuMicros') };
  };
  const ratio = round(median(pairs.map((pair) => pair.ours.perSecond / pair.theirs.perSecond)));
  return { ratio, ours: middle('ours'), theirs: middle('theirs') };
}

async function profiled({ api, profiles }: Bench, name: string, work: () => Promise<unknown>): Promise<void> {
  if (profiles === undefined) return;
  await api.ask({ do: 'profile' } satisfies ApiOrder);
  await work();
  await api.ask({ do: 'profile', into: join(profiles, `${name}.cpuprofile`) } satisfies ApiOrder);
}
