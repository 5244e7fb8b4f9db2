import { FAULTS, Fault, type FaultCode } from './fault.ts';

/** What a client's test wants to see instead of, or before, a real video. */
export type Simulation =
  | { readonly kind: 'fail'; readonly code: FaultCode }
  | { readonly kind: 'slow'; readonly ms: number }
  /** Tells some progress and never any more. */
  | { readonly kind: 'stall' };

const PARAM = 'X-Inbetween-Simulate';
const SLOW_MAX_MS = 3_600_000;

/** The codes with which a video can fail. */
export const FAILURES = [
  'image_unreachable',
  'invalid_image',
  'backend_failed',
  'backend_unavailable',
  'content_rejected',
  'damaged_output',
  'storage_full',
  'submission_unknown',
  'timeout',
  'worker_lost',
  'internal_error',
] as const satisfies readonly FaultCode[];

/**
 * Reads the trigger: `fail=<code>`, `slow=<seconds>s` or `stall`.
 * @throws Fault that names what can be simulated
 */
export function readSimulation(text: string): Simulation {
  const trimmed = text.trim();
  if (trimmed === 'stall') return { kind: 'stall' };
  const code = FAILURES.find((known) => trimmed === `fail=${known}`);
  if (code !== undefined) return { kind: 'fail', code };
  const seconds = /^slow=(\d{1,4})s$/.exec(trimmed)?.[1];
  if (seconds !== undefined && Number(seconds) * 1000 <= SLOW_MAX_MS)
    return { kind: 'slow', ms: Number(seconds) * 1000 };
  throw new Fault(
    'invalid_request',
    `${PARAM}: "${trimmed.slice(0, 60)}" cannot be simulated. Use slow=30s (up to 3600s), stall, or fail=<code> with one of ${FAILURES.join(', ')}.`,
    { param: PARAM },
  );
}

/** @throws Fault: a server that makes real videos does not play */
export function refuseSimulation(): never {
  throw new Fault(
    'invalid_request',
    `${PARAM}: this server does not simulate. Leave the header out, or start a server for tests with INBETWEEN_SIMULATE=on.`,
    { param: PARAM },
  );
}

/** @throws Fault: what would be simulated might be paid for */
export function refuseBilledSimulation(model: string): never {
  throw new Fault(
    'invalid_request',
    `${PARAM}: "${model}" is made by a service that is paid for. Simulations run on free backends only; use another model or a server without that service.`,
    { param: PARAM },
  );
}

/** The failure that was asked for, final whatever its code would allow. */
export function simulatedFault(code: FaultCode): Fault {
  return new Fault(code, `This failure was simulated (${FAULTS[code].kind}), as the request asked for.`, {
    retryable: false,
  });
}
