import type { Caller } from '../domain/api-key.ts';
import { Fault } from '../domain/fault.ts';
import { type CheckedAsk, checkGeneration, type Warning } from '../domain/generation.ts';
import { LIMITS } from '../domain/model.ts';
import { readSimulation, refuseBilledSimulation, refuseSimulation } from '../domain/simulation.ts';
import type { Video } from '../domain/video.ts';
import type { Backend } from '../ports/backend.ts';
import { insist, type Rates } from './rates.ts';
import type { SubmitAsk, SubmitParts, Submitted } from './submit-ask.ts';

/** What an ask is held to before anything of it is read or stored. @throws Fault that names the field */
export function checkAsk(parts: SubmitParts, caller: Caller, ask: SubmitAsk): CheckedAsk {
  const checked = withSimulation(checkGeneration(ask.generation), parts, ask);
  checkKey(parts.creates, caller, checked.model);
  return checked;
}

/** Who makes it, and that there is room for it. @throws Fault that tells when to come back */
export async function checkPlace(parts: SubmitParts, checked: CheckedAsk): Promise<Backend> {
  await parts.disk.check();
  const backend = parts.router.route(checked);
  if (checked.simulation !== undefined && backend.capabilities.billed) refuseBilledSimulation(checked.model);
  if (parts.stateOf?.(backend.name) === 'draining') throw draining(checked.model);
  await parts.queue?.check(backend.name, backend.slots);
  return backend;
}

function withSimulation(checked: CheckedAsk, { simulates }: SubmitParts, { simulate }: SubmitAsk): CheckedAsk {
  if (simulate === undefined) return checked;
  if (simulates !== true) refuseSimulation();
  return { ...checked, simulation: readSimulation(simulate) };
}

function draining(model: string): Fault {
  return new Fault(
    'backend_unavailable',
    `model: new videos are not accepted for ${model} at the moment, because the service that makes them is being taken out of use. Try again later or use another model.`,
    { param: 'model', retryAfterMs: 60_000 },
  );
}

/** What the key, not its owner, may ask for. */
function checkKey(creates: Rates, caller: Caller, model: string): void {
  const { models, createsPerMinute } = caller.limits ?? {};
  if (models !== undefined && !models.includes(model)) {
    throw new Fault(
      'model_not_allowed',
      `model: this API key may not use "${model}". It may use: ${models.join(', ')}.`,
      { param: 'model' },
    );
  }
  insist(creates.take(caller, createsPerMinute), 'ask for videos', createsPerMinute);
}

/**
 * The answer of an ask that was made before.
 *
 * @param video what the key stands for; undefined: another ask used it
 */
export function replay(video: Video | undefined): Submitted {
  if (video === undefined) {
    throw new Fault(
      'idempotency_mismatch',
      'Idempotency-Key was used before with a different request. Send the same request again, or use a new key for a new video.',
      { param: 'Idempotency-Key' },
    );
  }
  if (video.deletedAt !== null)
    throw new Fault(
      'not_found',
      'The video made under this Idempotency-Key was deleted. Use a new key to make another.',
      { param: 'Idempotency-Key' },
    );
  return { video, replayed: true };
}

/** @throws Fault `invalid_request` */
export function checkIdempotencyKey(key: string | undefined): string | undefined {
  if (key === undefined) return undefined;
  if (/^[\x20-\x7e]+$/.test(key) && key.length <= LIMITS.idempotencyKeyLength) return key;
  throw new Fault(
    'invalid_request',
    `Idempotency-Key must have 1 to ${LIMITS.idempotencyKeyLength} printable ASCII characters.`,
    {
      param: 'Idempotency-Key',
    },
  );
}

/** What can be said before the frames are looked at. */
export function warningsOf(ask: SubmitAsk, backend: Backend): readonly Warning[] {
  const warnings: Warning[] = [];
  if (ask.unknownFields.length > 0) {
    const names = ask.unknownFields
      .slice(0, 20)
      .map((name) => name.slice(0, 60))
      .join(', ');
    warnings.push({ code: 'unknown_field', message: `Ignored, because this API has no such field: ${names}.` });
  }
  if (!backend.capabilities.generative) {
    warnings.push({
      code: 'built_in_renderer',
      message: `Made by the built-in renderer, not by ${ask.generation.model}: it moves between your two pictures and imagines nothing new.`,
    });
  }
  return warnings;
}
