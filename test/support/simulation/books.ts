import { accountName, type State } from '../../../packages/server/src/adapters/stores/memory/state.ts';
import type { VideoId } from '../../../packages/server/src/domain/id.ts';
import { accountOf, type LedgerEntry } from '../../../packages/server/src/domain/ledger.ts';
import type { OwnerLimits } from '../../../packages/server/src/domain/owner.ts';
import { isTerminal, type Video } from '../../../packages/server/src/domain/video.ts';

/** What a video of the simulation costs. */
const MICRO_UNITS = 100_000;

/** What is wrong with the books: with the lines of a video, with the counters, or with what owners may have. */
export function wrongBooks(
  { ledger, accounts, usage }: State,
  versions: ReadonlyMap<VideoId, readonly Video[]>,
  limits: Readonly<Record<string, OwnerLimits>>,
): readonly string[] {
  const wrong: string[] = [];
  const lines = Map.groupBy(ledger, ({ video }) => video);
  for (const [id, written] of versions) {
    const last = written.at(-1);
    const own = lines.get(id) ?? [];
    if (last !== undefined && !addsUp(last, own))
      wrong.push(`${id} is ${last.status} (${last.charge?.state}) with ${own.map(({ kind }) => kind).join(', ')}`);
  }
  for (const [owner, all] of Map.groupBy(ledger, (line) => line.owner)) {
    for (const [key, some] of [['', all] as const, ...keysOf(all)]) {
      const [first] = some;
      if (first === undefined) continue;
      const kept = accounts.get(accountName(owner, key, first.month));
      if (JSON.stringify(kept) !== JSON.stringify(accountOf(some)))
        wrong.push(`the account of ${owner} ${key} is not the sum of its lines`);
    }
    const { reservedSeconds, settledSeconds } = accountOf(all);
    const budget = limits[owner]?.monthlySeconds ?? Number.POSITIVE_INFINITY;
    if (reservedSeconds + settledSeconds > budget) wrong.push(`${owner} has used more than its budget`);
    const used = [...usage.values()].filter((row) => row.owner === owner);
    const sum = (of: (row: (typeof used)[number]) => number) => used.reduce((total, row) => total + of(row), 0);
    if (sum(({ seconds }) => seconds) !== settledSeconds)
      wrong.push(`the days of ${owner} are not the sum of its lines`);
  }
  return wrong;
}

function keysOf(lines: readonly LedgerEntry[]) {
  return [...Map.groupBy(lines, ({ apiKey }) => apiKey)].flatMap(([key, some]) =>
    key === null ? [] : [[key, some] as const],
  );
}

/** Reserve, release and settle: what it holds while it lives, what was charged when it has ended. */
function addsUp({ status, charge }: Video, lines: readonly LedgerEntry[]): boolean {
  const paid = lines.filter(({ kind }) => kind !== 'upstream_cost');
  const once = new Set(paid.map(({ kind }) => kind)).size === paid.length;
  const total = paid.reduce((sum, { microUnits }) => sum + microUnits, 0);
  const ended = isTerminal(status);
  const costs = !ended || charge?.state === 'settled';
  const states = !ended ? ['reserved'] : status === 'succeeded' ? ['settled'] : ['settled', 'released'];
  return once && total === (costs ? MICRO_UNITS : 0) && states.includes(charge?.state ?? '');
}
