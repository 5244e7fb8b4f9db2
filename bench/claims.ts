/**
 * What claiming and reading cost with 10,000 queued videos, with nothing beside them and with a long history.
 *
 *   node bench/claims.ts [--quick] [--stores sqlite,postgres] [--history 1000000]
 *
 * Both databases are open side by side and measured in turns, so that a busy machine slows both. `--quick` takes a history
 * of 50,000. Prints one JSON object on standard output and a table beside it.
 */
import { parseArgs } from 'node:util';
import type { OwnerId, WorkerId } from '../packages/server/src/domain/id.ts';
import { cancel } from '../packages/server/src/domain/transitions.ts';
import type { Page, Store } from '../packages/server/src/ports/store.ts';
import { NOW, POLICY, queued, videoId } from '../packages/server/src/ports/store-contract/fixtures.contract.ts';
import { type Figure, load, met, quantile, round, table } from './accept/figures.ts';
import { HISTORY_OWNERS, historyId } from './claims/history.ts';
import { openPostgresPlaces, openSqlitePlaces, type Place, type Places } from './claims/places.ts';

const STORES = { sqlite: openSqlitePlaces, postgres: openPostgresPlaces } as const;
const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    stores: { type: 'string', default: Object.keys(STORES).join(',') },
    history: { type: 'string' },
  },
});
const HISTORY = Number(values.history ?? (values.quick ? 50_000 : 1_000_000));
const QUEUED = 10_000;
const ROUNDS = values.quick ? 5 : 10;
/** Of each round: claims, and reads of each kind. */
const CLAIMS = 40;
const READS = 200;
const SLOTS = { renderer: 100_000 };
const worker = 'worker_bench' as WorkerId;

const sections: Record<string, { readonly load: number; readonly figures: readonly Figure[] }> = {};
for (const name of values.stores.split(',')) {
  const open = Object.hasOwn(STORES, name) ? STORES[name as keyof typeof STORES] : undefined;
  if (open === undefined)
    throw new Error(`--stores: there is no "${name}"; there are ${Object.keys(STORES).join(', ')}`);
  await using places = await open();
  sections[name] = { figures: await measure(name, places), load: load() };
}
const missed = Object.values(sections).flatMap(({ figures }) => figures.filter((figure) => met(figure) === false));
console.log(
  JSON.stringify({ queued: QUEUED, history: HISTORY, sections, missed: missed.map(({ name }) => name) }, undefined, 2),
);
for (const [name, { load: busy, figures }] of Object.entries(sections))
  console.error(`\n${name} (load ${busy})\n${table(figures)}`);

type Kind = 'claim' | 'get' | 'list' | 'list of a status' | 'place in the queue' | 'queue length' | 'recent times';
type Times = Record<Kind, number[]>;

async function measure(name: string, places: Places): Promise<readonly Figure[]> {
  const empty = await prepare(await places.open('empty'), 0);
  const long = await prepare(await places.open('long'), HISTORY);
  const times = { empty: noTimes(), long: noTimes() };
  for (let round = 0; round <= ROUNDS; round += 1) {
    // The first round warms up.
    const kept = round === 0 ? { empty: noTimes(), long: noTimes() } : times;
    await measureRound(empty.store, kept.empty, 0);
    await measureRound(long.store, kept.long, HISTORY);
  }
  const figures: Figure[] = [];
  for (const kind of Object.keys(times.empty) as Kind[]) {
    const share = kind === 'claim' ? 0.5 : 0.99;
    const [without, beside] = [quantile(times.empty[kind], share), quantile(times.long[kind], share)];
    const title = `${name}: ${kind}, ${kind === 'claim' ? 'median' : 'p99'}`;
    figures.push({ name: `${title}, no history`, value: round(without), unit: 'ms' });
    figures.push({ name: `${title}, ${HISTORY} finished`, value: round(beside), unit: 'ms' });
    const target = kind === 'claim' ? 1.5 : kind === 'get' || kind.startsWith('list') ? 2 : undefined;
    const ratio = { name: `${title}, ratio`, value: round(beside / without), unit: '×' };
    figures.push(target === undefined ? ratio : { ...ratio, target: { kind: 'atMost', value: target } });
    if (share === 0.5) continue;
    // On a busy machine the slowest of a hundred tells more of others than of us.
    const medians = quantile(times.long[kind], 0.5) / quantile(times.empty[kind], 0.5);
    figures.push({ name: `${name}: ${kind}, ratio of the medians`, value: round(medians), unit: '×' });
  }
  return figures;
}

async function prepare(place: Place, history: number): Promise<Place> {
  await place.store.workers.renew(worker, NOW + 1e9);
  for (let n = 0; n < QUEUED; n += 100) {
    const some = Array.from({ length: 100 }, (_, i) => queued(n + i, { owner: ownerOf(i), at: NOW - n }));
    await Promise.all(some.map((video) => place.store.videos.insert(video, {})));
  }
  await place.fill(history);
  return place;
}

async function measureRound({ videos }: Store, times: Times, history: number): Promise<void> {
  const some = (below: number) => Math.floor(Math.random() * below);
  await repeat(times.claim, CLAIMS, async () => {
    const [claimed] = await videos.claim({ worker, lane: 'generate', limit: 1, now: NOW, slots: SLOTS });
    if (claimed === undefined) throw new Error('there was something to claim');
    await videos.swap(claimed.video, cancel(claimed.video, NOW, POLICY), { freeSlot: true });
  });
  await repeat(times.get, READS, async () => {
    const n = some(history + QUEUED);
    const id = n < QUEUED ? videoId(n) : historyId(n - QUEUED + 1);
    if ((await videos.find(id)) === undefined) throw new Error(`${id} was there`);
  });
  const page = { limit: 20, order: 'desc' } as const satisfies Page;
  await repeat(times.list, READS, () => videos.list(ownerOf(some(HISTORY_OWNERS)), page));
  await repeat(times['list of a status'], READS, () =>
    videos.list(ownerOf(some(HISTORY_OWNERS)), { ...page, status: 'queued' }),
  );
  await repeat(times['place in the queue'], READS, () => videos.queuePosition(queued(QUEUED - 1 - some(1_000))));
  await repeat(times['queue length'], READS, () => videos.waiting());
  await repeat(times['recent times'], READS, () => videos.recent('renderer', 20));
}

async function repeat(times: number[], count: number, work: () => Promise<unknown>): Promise<void> {
  for (let n = 0; n < count; n += 1) {
    const startedAt = performance.now();
    await work();
    times.push(performance.now() - startedAt);
  }
}

function noTimes(): Times {
  return {
    claim: [],
    get: [],
    list: [],
    'list of a status': [],
    'place in the queue': [],
    'queue length': [],
    'recent times': [],
  };
}

function ownerOf(n: number): OwnerId {
  return `owner-${n}` as OwnerId;
}
