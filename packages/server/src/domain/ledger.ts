import type { ApiKeyId, OwnerId, VideoId } from './id.ts';
import { dayOf, monthOf } from './period.ts';
import { isTerminal, type Video } from './video.ts';

/**
 * `reserve` what a video may cost, when it is accepted. When it ends, the reservation is taken back by a `release`, and
 * what is charged is a `settle`. `upstream_cost`: what a peer charges us, which no caller pays.
 */
export const LEDGER_KINDS = ['reserve', 'release', 'settle', 'upstream_cost'] as const;
export type LedgerKind = (typeof LEDGER_KINDS)[number];

/**
 * One line of the books. All lines of a video, without the upstream's cost, sum up to what it holds while it lives, and to
 * what was charged when it has ended: a `release` is the negative of its `reserve`.
 */
export interface LedgerLine {
  readonly kind: LedgerKind;
  readonly seconds: number;
  readonly microUnits: number;
}

/** A line as it is kept: lines stay when their video is forgotten. */
export interface LedgerEntry extends LedgerLine {
  readonly video: VideoId;
  /** Of the write that made it. */
  readonly version: number;
  readonly owner: OwnerId;
  readonly apiKey: ApiKeyId | null;
  readonly at: number;
  /** The month that pays, `2026-11`: the one in which the video was asked for, whenever it ends. */
  readonly month: string;
}

/** The lines that belong to a write, and to no other: what makes them is a change that happens once. */
export function linesBetween(
  previous: Video | undefined,
  next: Video,
  upstreamCost: number | undefined,
): readonly LedgerLine[] {
  const lines: LedgerLine[] = [];
  const { charge } = next;
  if (previous === undefined && charge?.state === 'reserved') lines.push({ kind: 'reserve', ...amountsOf(charge) });
  if (ends(previous, next)) {
    if (charge !== null) {
      const { seconds, microUnits } = charge;
      lines.push({ kind: 'release', seconds: -seconds, microUnits: -microUnits });
    }
    const charged = chargedFor(next);
    if (charged !== undefined) lines.push({ kind: 'settle', ...charged });
  }
  if (upstreamCost !== undefined) lines.push({ kind: 'upstream_cost', seconds: 0, microUnits: upstreamCost });
  return lines;
}

/** Counters of one month, of an owner or of one of its keys. They are sums over the ledger, kept with it. */
export interface Account {
  readonly reservedSeconds: number;
  readonly reservedMicroUnits: number;
  readonly settledSeconds: number;
  readonly settledMicroUnits: number;
}

export const EMPTY_ACCOUNT: Account = {
  reservedSeconds: 0,
  reservedMicroUnits: 0,
  settledSeconds: 0,
  settledMicroUnits: 0,
};

/** What lines change in an account. */
export function accountOf(lines: readonly LedgerLine[]): Account {
  const sum = (of: (line: LedgerLine) => number, ...kinds: readonly LedgerKind[]) =>
    lines.filter(({ kind }) => kinds.includes(kind)).reduce((total, line) => total + of(line), 0);
  return {
    reservedSeconds: sum((line) => line.seconds, 'reserve', 'release'),
    reservedMicroUnits: sum((line) => line.microUnits, 'reserve', 'release'),
    settledSeconds: sum((line) => line.seconds, 'settle'),
    settledMicroUnits: sum((line) => line.microUnits, 'settle'),
  };
}

/** Counters of one day, by key and model. A video counts on the day it was asked for, once it has ended. */
export interface Usage {
  readonly succeeded: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly seconds: number;
  readonly microUnits: number;
  readonly upstreamMicroUnits: number;
}

/** What usage is told by. */
export const USAGE_GROUPS = ['day', 'key', 'model'] as const;
export type UsageGroup = (typeof USAGE_GROUPS)[number];

/** Where a row stands among the others; what is not grouped by is empty, and so is the key of what had none. */
export interface UsagePlace {
  readonly day: string;
  readonly apiKey: string;
  readonly model: string;
}

/** What a write adds to its day; undefined: nothing. */
export function usageBetween(
  previous: Video | undefined,
  next: Video,
  upstreamCost: number | undefined,
): Usage | undefined {
  const ended = ends(previous, next);
  if (!ended && upstreamCost === undefined) return undefined;
  const charged = ended ? chargedFor(next) : undefined;
  const count = (status: Video['status']) => (ended && next.status === status ? 1 : 0);
  return {
    succeeded: count('succeeded'),
    failed: count('failed'),
    cancelled: count('cancelled'),
    seconds: charged?.seconds ?? 0,
    microUnits: charged?.microUnits ?? 0,
    upstreamMicroUnits: upstreamCost ?? 0,
  };
}

/** The day and the month in which a video is counted. */
export function periodsOf({ createdAt }: Pick<Video, 'createdAt'>): { readonly day: string; readonly month: string } {
  return { day: dayOf(createdAt), month: monthOf(createdAt) };
}

/** What a video was charged with when it ended. One that nothing was reserved for counts its seconds when it succeeds. */
function chargedFor({ charge, status, generation }: Video): Amounts | undefined {
  if (charge === null) return status === 'succeeded' ? { seconds: generation.seconds, microUnits: 0 } : undefined;
  return charge.state === 'settled' ? amountsOf(charge) : undefined;
}

type Amounts = Pick<LedgerLine, 'seconds' | 'microUnits'>;

function amountsOf({ seconds, microUnits }: Amounts): Amounts {
  return { seconds, microUnits };
}

function ends(previous: Video | undefined, next: Video): boolean {
  return previous !== undefined && !isTerminal(previous.status) && isTerminal(next.status);
}
