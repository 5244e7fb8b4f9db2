/**
 * What checking a key costs a request, and how often it asks the database.
 *
 *   node bench/keys.ts
 *
 * The check as every route makes it, over a real SQLite file: for keys that are believed, and for keys that must be looked
 * up. Prints one JSON object on standard output and a table beside it.
 */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteStore } from '../packages/server/src/adapters/stores/sqlite/open.ts';
import { systemClock } from '../packages/server/src/adapters/system/clock.ts';
import { createIds } from '../packages/server/src/adapters/system/ids.ts';
import type { OwnerId } from '../packages/server/src/domain/id.ts';
import { authenticate } from '../packages/server/src/http/auth.ts';
import type { KeyStore } from '../packages/server/src/ports/store.ts';
import { createKeys } from '../packages/server/src/service/keys.ts';
import { type Figure, load, met, quantile, round, table } from './accept/figures.ts';

const CHECKS = 200_000;
const LOOK_UPS = 2_000;
const KEYS = 500;

const folder = await mkdtemp(join(tmpdir(), 'inbetween-bench-'));
const store = await openSqliteStore(join(folder, 'keys.db'));
let asked = 0;
let written = 0;
const counted: KeyStore = new Proxy(store.keys, {
  get(target, name, receiver) {
    const member: unknown = Reflect.get(target, name, receiver);
    if (typeof member !== 'function') return member;
    return (...args: unknown[]) => {
      if (name === 'byHash') asked += 1;
      else written += 1;
      return Reflect.apply(member, target, args) as unknown;
    };
  },
});
const keys = createKeys({ store: counted, clock: systemClock, ids: createIds(systemClock), fixedKey: undefined });
const secrets: string[] = [];
for (let n = 0; n < KEYS; n += 1)
  secrets.push((await keys.create({ owner: `owner-${n % 50}` as OwnerId, name: 'bench', scopes: undefined })).secret);

const check = async (n: number): Promise<number> => {
  const header = `Bearer ${secrets[n % KEYS]}`;
  const before = performance.now();
  const caller = authenticate(keys, header);
  if (caller instanceof Promise) await caller;
  return performance.now() - before;
};

// Believed: the first round of all keys warms up.
for (let n = 0; n < KEYS * 2; n += 1) await check(n);
[asked, written] = [0, 0];
const before = disk();
const believed: number[] = [];
const began = performance.now();
for (let n = 0; n < CHECKS; n += 1) believed.push(await check(n));
const seconds = (performance.now() - began) / 1_000;
const after = disk();
const askedMeanwhile = asked;
const writtenMeanwhile = written;

// Looked up: each check finds that the key is not believed any more.
const lookedUp: number[] = [];
for (let n = 0; n < LOOK_UPS; n += 1) {
  const fresh = createKeys({ store: counted, clock: systemClock, ids: createIds(systemClock), fixedKey: undefined });
  const time = performance.now();
  await fresh.authenticate(secrets[n % KEYS] ?? '');
  lookedUp.push(performance.now() - time);
}
await store.close();
await rm(folder, { recursive: true });

const at = (name: string, values: readonly number[], share: number, limit?: number): Figure => ({
  name: `${name}, ${share === 0.5 ? 'median' : `p${share * 100}`}`,
  value: round(quantile(values, share), 4),
  unit: 'ms',
  ...(limit === undefined ? {} : { target: { kind: 'atMost', value: limit } }),
});
// A key is believed for three seconds, so this many questions are what the rule allows.
const allowed = Math.ceil(seconds / 3 + 1) * KEYS;
const figures: readonly Figure[] = [
  at('check of a key that is believed', believed, 0.5, 0.3),
  at('check of a key that is believed', believed, 0.99),
  at('check of a key that is looked up', lookedUp, 0.5, 0.3),
  at('check of a key that is looked up', lookedUp, 0.99),
  {
    name: `questions to the database in ${CHECKS} checks of ${KEYS} keys within ${round(seconds)} s`,
    value: askedMeanwhile,
    unit: '',
    target: { kind: 'atMost', value: allowed },
  },
  { name: 'writes to the database meanwhile', value: writtenMeanwhile, unit: '', target: { kind: 'is', value: 0 } },
  {
    name: 'bytes read from the disk meanwhile',
    value: after.read - before.read,
    unit: 'B',
    target: { kind: 'is', value: 0 },
  },
  {
    name: 'bytes written to the disk meanwhile',
    value: after.written - before.written,
    unit: 'B',
    target: { kind: 'is', value: 0 },
  },
];
const missed = figures.filter((figure) => met(figure) === false).map(({ name }) => name);
console.log(JSON.stringify({ figures, missed, load: load() }, undefined, 2));
console.error(`\n${table(figures)}\nload ${load()}`);

/** Bytes that went through to the disk; zeros where the system does not tell. */
function disk(): { readonly read: number; readonly written: number } {
  try {
    const text = readFileSync('/proc/self/io', 'utf8');
    const of = (name: string) => Number(new RegExp(`^${name}: (\\d+)$`, 'm').exec(text)?.[1] ?? 0);
    return { read: of('read_bytes'), written: of('write_bytes') };
  } catch {
    return { read: 0, written: 0 };
  }
}
