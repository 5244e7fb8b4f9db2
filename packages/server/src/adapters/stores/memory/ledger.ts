import type { ApiKeyId, OwnerId } from '../../../domain/id.ts';
import {
  type Account,
  accountOf,
  EMPTY_ACCOUNT,
  type LedgerLine,
  linesBetween,
  periodsOf,
  type Usage,
  usageBetween,
} from '../../../domain/ledger.ts';
import { type Allowance, exceeded, type Refusal } from '../../../domain/owner.ts';
import type { Video } from '../../../domain/video.ts';
import type { LedgerStore, UsageQuery, UsageRow } from '../../../ports/ledger.ts';
import { accountName, type State } from './state.ts';

/** What the books say. */
export function ledgerStore(state: State): LedgerStore {
  return {
    account: async (owner, month, apiKey) => accountIn(state, owner, apiKey ?? '', month),
    lines: async (video) => state.ledger.filter((line) => line.video === video),
    usage: async (owner, query) => usage(state, owner, query),
  };
}

/** What a new video would exceed; undefined: it fits. */
export function refusalOf(state: State, video: Video, within: Allowance = {}): Refusal | undefined {
  const { owner, apiKey, charge } = video;
  if (within.queued !== undefined) {
    const waits = ({ status }: Video) => status === 'pending' || status === 'queued';
    const waiting = [...state.videos.values()].filter((other) => other.owner === owner && waits(other)).length;
    if (waiting >= within.queued) return { limit: 'queued', most: within.queued };
  }
  if (charge === null) return undefined;
  const { month } = periodsOf(video);
  const ofOwner = exceeded(within.owner ?? {}, accountIn(state, owner, '', month), charge);
  if (ofOwner !== undefined) return { limit: ofOwner, holder: 'owner' };
  if (apiKey === null) return undefined;
  const ofKey = exceeded(within.key ?? {}, accountIn(state, owner, apiKey, month), charge);
  return ofKey === undefined ? undefined : { limit: ofKey, holder: 'key' };
}

/** Writes what follows from a write of a video. */
export function keepBooks(
  state: State,
  previous: Video | undefined,
  next: Video,
  upstreamCost: number | undefined,
): void {
  const { id: video, version, owner, apiKey, updatedAt: at } = next;
  const { day, month } = periodsOf(next);
  const lines = linesBetween(previous, next, upstreamCost);
  for (const line of lines) state.ledger.push({ ...line, video, version, owner, apiKey, at, month });
  if (lines.some(({ kind }) => kind !== 'upstream_cost')) {
    addToAccount(state, owner, '', month, lines);
    if (apiKey !== null) addToAccount(state, owner, apiKey, month, lines);
  }
  const used = usageBetween(previous, next, upstreamCost);
  if (used === undefined) return;
  const place = { owner, day, apiKey: apiKey ?? '', model: next.generation.model };
  const name = JSON.stringify(place);
  const known = state.usage.get(name);
  state.usage.set(name, { ...place, ...(known === undefined ? used : sum(known, used)) });
}

function accountIn({ accounts }: State, owner: OwnerId, apiKey: ApiKeyId | '', month: string): Account {
  return accounts.get(accountName(owner, apiKey, month)) ?? EMPTY_ACCOUNT;
}

function addToAccount(
  state: State,
  owner: OwnerId,
  apiKey: ApiKeyId | '',
  month: string,
  lines: readonly LedgerLine[],
): void {
  const [known, change] = [accountIn(state, owner, apiKey, month), accountOf(lines)];
  state.accounts.set(accountName(owner, apiKey, month), {
    reservedSeconds: known.reservedSeconds + change.reservedSeconds,
    reservedMicroUnits: known.reservedMicroUnits + change.reservedMicroUnits,
    settledSeconds: known.settledSeconds + change.settledSeconds,
    settledMicroUnits: known.settledMicroUnits + change.settledMicroUnits,
  });
}

function sum(a: Usage, b: Usage): Usage {
  return {
    succeeded: a.succeeded + b.succeeded,
    failed: a.failed + b.failed,
    cancelled: a.cancelled + b.cancelled,
    seconds: a.seconds + b.seconds,
    microUnits: a.microUnits + b.microUnits,
    upstreamMicroUnits: a.upstreamMicroUnits + b.upstreamMicroUnits,
  };
}

function usage(
  state: State,
  owner: OwnerId,
  { from, to, groupBy, apiKey, model, limit, after }: UsageQuery,
): { readonly items: readonly UsageRow[]; readonly hasMore: boolean } {
  const members = groupBy.map((group) => (({ day: 'day', key: 'apiKey', model: 'model' }) as const)[group]);
  const grouped = new Map<string, UsageRow>();
  for (const row of state.usage.values()) {
    if (row.owner !== owner || row.day < from || row.day > to) continue;
    if ((apiKey !== undefined && row.apiKey !== apiKey) || (model !== undefined && row.model !== model)) continue;
    const place = { day: '', apiKey: '', model: '', ...Object.fromEntries(members.map((name) => [name, row[name]])) };
    const name = JSON.stringify(place);
    const known = grouped.get(name);
    const { succeeded, failed, cancelled, seconds, microUnits, upstreamMicroUnits } = row;
    const used = { succeeded, failed, cancelled, seconds, microUnits, upstreamMicroUnits };
    grouped.set(name, { ...place, ...(known === undefined ? used : sum(known, used)) });
  }
  const compare = (a: Pick<UsageRow, 'day' | 'apiKey' | 'model'>, b: typeof a) => {
    for (const name of members) if (a[name] !== b[name]) return a[name] > b[name] ? -1 : 1;
    return 0;
  };
  const rows = [...grouped.values()].filter((row) => after === undefined || compare(after, row) < 0).sort(compare);
  return { items: rows.slice(0, limit), hasMore: rows.length > limit };
}
