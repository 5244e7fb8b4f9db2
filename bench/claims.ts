/**
 * What claiming and reading cost with 10,000 queued videos, with nothing beside them and with a long history.
 *
 *   node bench/claims.ts [--quick] [--stores sqlite,postgres] [--history 1000000]
 *
 * Both databases are open side by side and asked in turns, question by question, so that a busy machine slows both. The
 * slowest of a hundred are taken in each round, and of the rounds the median: one round that something else disturbed says
 * nothing. `--quick` takes a history of 50,000. Prints one JSON object on standard output and a table beside it.
 */
import { parseArgs } from 'node:util';
import type { OwnerId, WorkerId } from '../packages/server/src/domain/id.ts';
import { cancel } from '../packages/server/src/domain/transitions.ts';
import type { Page, Store } from '../packages/server/src/ports/store.ts';
import { NOW, POLICY, queued, videoId } from '../packages/server/src/ports/store-contract/fixtures.contract.ts';
import { type Figure, load, median, met, quantile, round, table } from './accept/figures.ts';
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
const ROUNDS = values.quick ? 5 : 15;
/** Of each round: claims, and reads of each kind. */
const CLAIMS = 40;
const READS = 300;
const SLOTS = { renderer: 100_000 };
const PAGE = { limit: 20, order: 'desc' } as const satisfies Page;
const SIDES = ['empty', 'long'] as const;
const worker = 'worker_bench' as WorkerId;

/** What is asked, of a store with so much history. */
const ASKS = {
  claim: ask(CLAIMS, async ({ videos }) => {
    const [claimed] = await videos.claim({ worker, lane: 'generate', limit: 1, now: NOW, slots: SLOTS });
    if (claimed === undefined) throw new Error('there was something to claim');
    await videos.swap(claimed.video, cancel(claimed.video, NOW, POLICY), { freeSlot: true });
  }),
  get: ask(READS, async ({ videos }, history) => {
    const n = some(history + QUEUED);
    const id = n < QUEUED ? videoId(n) : historyId(n - QUEUED + 1);
    if ((await videos.find(id)) === undefined) throw new Error(`${id} was there`);
  }),
  list: ask(READS, ({ videos }) => videos.list(ownerOf(some(HISTORY_OWNERS)), PAGE)),
  'list of a status': ask(READS, ({ videos }) =>
    videos.list(ownerOf(some(HISTORY_OWNERS)), { ...PAGE, status: 'queued' }),
  ),
  'place in the queue': ask(READS, ({ videos }) => videos.queuePosition(queued(QUEUED - 1 - some(1_000)))),
  'queue length': ask(READS, ({ videos }) => videos.waiting()),
  'recent times': ask(READS, ({ videos }) => videos.recent('renderer', 20)),
};
type Kind = keyof typeof ASKS;
const KINDS = Object.keys(ASKS) as Kind[];
/** How many times as long it may take with a history. */
const BARS: Readonly<Partial<Record<Kind, number>>> = { claim: 1.5, get: 2, list: 2, 'list of a status': 2 };

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

interface Round {
  readonly empty: readonly number[];
  readonly long: readonly number[];
}

async function measure(name: string, places: Places): Promise<readonly Figure[]> {
  const empty = await prepare(await places.open('empty'), 0);
  const long = await prepare(await places.open('long'), HISTORY);
  const rounds = new Map<Kind, Round[]>(KINDS.map((kind) => [kind, []]));
  // The first round warms up.
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const kind of KINDS) {
      const times = await inTurns(kind, empty.store, long.store);
      if (round > 0) rounds.get(kind)?.push(times);
    }
  }
  return KINDS.flatMap((kind) => figuresOf(name, kind, rounds.get(kind) ?? []));
}

async function inTurns(kind: Kind, empty: Store, long: Store): Promise<Round> {
  const { count, work } = ASKS[kind];
  const times = { empty: [] as number[], long: [] as number[] };
  const one = async (of: keyof Round) => {
    const startedAt = performance.now();
    await (of === 'empty' ? work(empty, 0) : work(long, HISTORY));
    times[of].push(performance.now() - startedAt);
  };
  for (let n = 0; n < count; n += 1) for (const of of n % 2 === 0 ? SIDES : SIDES.toReversed()) await one(of);
  return times;
}

function figuresOf(name: string, kind: Kind, rounds: readonly Round[]): readonly Figure[] {
  const share = kind === 'claim' ? 0.5 : 0.99;
  const title = `${name}: ${kind}, ${kind === 'claim' ? 'median' : 'p99'}`;
  const over = (figure: (of: Round) => number) => median(rounds.map(figure));
  const ratio = {
    name: `${title}, ratio`,
    value: round(over(({ empty, long }) => quantile(long, share) / quantile(empty, share))),
    unit: '×',
  };
  const bar = BARS[kind];
  const figures: Figure[] = [
    {
      name: `${title}, no history`,
      value: round(
        over(({ empty }) => quantile(empty, share)),
        3,
      ),
      unit: 'ms',
    },
    {
      name: `${title}, ${HISTORY} finished`,
      value: round(
        over(({ long }) => quantile(long, share)),
        3,
      ),
      unit: 'ms',
    },
    bar === undefined ? ratio : { ...ratio, target: { kind: 'atMost', value: bar } },
  ];
  if (share === 0.5) return figures;
  const medians = round(over(({ empty, long }) => median(long) / median(empty)));
  return [...figures, { name: `${name}: ${kind}, ratio of the medians`, value: medians, unit: '×' }];
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

function ask(count: number, work: (store: Store, history: number) => Promise<unknown>) {
  return { count, work };
}

function some(below: number): number {
  return Math.floor(Math.random() * below);
}

function ownerOf(n: number): OwnerId {
  return `owner-${n}` as OwnerId;
}
