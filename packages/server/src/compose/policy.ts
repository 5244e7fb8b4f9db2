import type { Config } from '../config/config.ts';
import { DEFAULT_POLICY, type Policy } from '../domain/policy.ts';
import { KIND_DEFAULTS } from './kind-defaults.ts';

/** The domain's policy with what the operator set. */
export function policyOf({ life, generation, usage }: Config): Policy {
  return {
    ...DEFAULT_POLICY,
    pendingDeadlineMs: life.pendingDeadlineMs,
    queuedDeadlineMs: life.queuedDeadlineMs,
    runningDeadlineMs: {
      ...DEFAULT_POLICY.runningDeadlineMs,
      renderer: life.renderDeadlineMs,
      ...deadlinesOf(generation),
    },
    stallMs: { '*': life.stallMs, ...stallsOf(generation) },
    stopLimitMs: life.stopLimitMs,
    lateLimitMs: life.lateLimitMs,
    lateTtlMs: life.lateTtlMs,
    resultTtlMs: life.resultTtlMs,
    rowTtlMs: life.rowTtlMs,
    idempotencyTtlMs: life.idempotencyTtlMs,
    fileTtlMs: life.fileTtlMs,
    cancelCharge: usage.cancelCharge,
  };
}

function stallsOf({ backends }: Config['generation']): Readonly<Record<string, number>> {
  const told = backends.flatMap(({ name, entry: { stallAfter } }) =>
    stallAfter === undefined ? [] : [[name, stallAfter] as const],
  );
  return Object.fromEntries(told);
}

function deadlinesOf({ backends }: Config['generation']): Readonly<Record<string, number>> {
  return Object.fromEntries(
    backends.map(({ name, kind, entry }) => [name, entry.deadline ?? KIND_DEFAULTS[kind].deadlineMs]),
  );
}
