import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FAULTS, Fault, type FaultCode } from './fault.ts';
import { DEFAULT_POLICY } from './policy.ts';
import { afterFaultDecision, afterLossDecision } from './retry.ts';

const tries = (part: { faults?: number; lost?: number }) => ({ begun: 1, faults: 0, lost: 0, ...part });
const codes = Object.keys(FAULTS) as FaultCode[];

describe('after a fault', () => {
  const decide = (code: FaultCode, faults: number, retryAfterMs?: number) =>
    afterFaultDecision(
      new Fault(code, 'x', retryAfterMs === undefined ? {} : { retryAfterMs }),
      tries({ faults }),
      DEFAULT_POLICY,
    );

  it('tries again twice, waiting 2 s and then 4 s, and then gives up', () => {
    expect(decide('backend_failed', 1)).toEqual({ retry: true, afterMs: 2_000 });
    expect(decide('backend_failed', 2)).toEqual({ retry: true, afterMs: 4_000 });
    expect(decide('backend_failed', 3)).toEqual({ retry: false });
  });

  it('never tries again what cannot become better', () => {
    for (const code of codes.filter((code) => !FAULTS[code].retryable)) {
      expect(decide(code, 1), code).toEqual({ retry: false });
    }
    expect(FAULTS.submission_unknown.retryable).toBe(false);
    expect(FAULTS.content_rejected.retryable).toBe(false);
  });

  it('waits as long as the fault says', () => {
    expect(decide('backend_unavailable', 1, 30_000)).toEqual({ retry: true, afterMs: 30_000 });
    expect(decide('backend_unavailable', 3, 30_000)).toEqual({ retry: false });
  });

  it('doubles up to the longest back-off and is bounded by the policy', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: 200 }), (faults, maxFaults) => {
        const policy = { ...DEFAULT_POLICY, maxFaults };
        const decision = afterFaultDecision(new Fault('backend_failed', 'x'), tries({ faults }), policy);
        expect(decision.retry).toBe(faults < maxFaults);
        if (!decision.retry) return;
        expect(decision.afterMs).toBeGreaterThanOrEqual(policy.backoffMs);
        expect(decision.afterMs).toBeLessThanOrEqual(policy.maxBackoffMs);
      }),
    );
  });
});

describe('after a lost worker', () => {
  const decide = (lost: number) => afterLossDecision(tries({ lost }), DEFAULT_POLICY);

  it('goes on at once for the first five', () => {
    for (let lost = 1; lost <= 5; lost += 1) expect(decide(lost)).toEqual({ retry: true, afterMs: 0 });
  });

  it('then waits longer and longer, and gives up beyond twenty', () => {
    expect([6, 7, 8, 20].map(decide)).toEqual(
      [2_000, 4_000, 8_000, 60_000].map((afterMs) => ({ retry: true, afterMs })),
    );
    expect(decide(21)).toEqual({ retry: false });
  });

  it('does not count the faults of a backend', () => {
    expect(afterLossDecision(tries({ lost: 1, faults: 99 }), DEFAULT_POLICY)).toEqual({ retry: true, afterMs: 0 });
  });
});
