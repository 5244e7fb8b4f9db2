import type { Config } from '../config/config.ts';
import { DEFAULT_POLICY, type Policy } from '../domain/policy.ts';

/** The domain's policy with what the operator set. */
export function policyOf({ life }: Config): Policy {
  return {
    ...DEFAULT_POLICY,
    pendingDeadlineMs: life.pendingDeadlineMs,
    queuedDeadlineMs: life.queuedDeadlineMs,
    runningDeadlineMs: { ...DEFAULT_POLICY.runningDeadlineMs, renderer: life.renderDeadlineMs },
    stallMs: life.stallMs,
    stopLimitMs: life.stopLimitMs,
    lateLimitMs: life.lateLimitMs,
    lateTtlMs: life.lateTtlMs,
    resultTtlMs: life.resultTtlMs,
    rowTtlMs: life.rowTtlMs,
    idempotencyTtlMs: life.idempotencyTtlMs,
    fileTtlMs: life.fileTtlMs,
  };
}
