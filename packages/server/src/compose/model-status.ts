import type { GenerationConfig } from '../config/backends/backend-config.ts';
import { MODELS } from '../domain/model.ts';
import type { BackendStatus, ModelStatus } from '../http/parts.ts';
import type { Capabilities } from '../ports/backend.ts';
import type { Router } from '../ports/router.ts';
import type { BackendState } from '../ports/store.ts';

/** What each model can do right now, and who makes it. */
export function modelStatuses(
  router: Router,
  { backends }: GenerationConfig,
  stateOf: (backend: string) => BackendState,
): readonly ModelStatus[] {
  return MODELS.flatMap((model): readonly ModelStatus[] => {
    const all = router.of(model.name).map(({ name, capabilities }) => ({
      name,
      capabilities: asLet(capabilities, stateOf(name)),
    }));
    const next = all.find(({ capabilities }) => capabilities.ready) ?? all[0];
    if (next === undefined) return [];
    const shown = all.map(({ name, capabilities }): BackendStatus => {
      const price = backends.find((each) => each.name === name)?.entry.price;
      return { name, capabilities, price: price && { currency: price.currency, perSecond: known(price.perSecond) } };
    });
    return [{ model, backend: next.name, capabilities: next.capabilities, backends: shown }];
  });
}

function known(prices: Readonly<Record<string, number | undefined>>): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(prices).filter((pair): pair is [string, number] => pair[1] !== undefined));
}

const LET = {
  paused: 'paused by the operator: what is asked for waits',
  draining: 'draining by the word of the operator: nothing new is accepted',
} as const;

/** What a backend can do, as operators let it. */
function asLet(capabilities: Capabilities, state: BackendState): Capabilities {
  if (state === 'open') return capabilities;
  return { ...capabilities, ready: false, problems: [LET[state], ...capabilities.problems] };
}
