import { type Candidate, chooseBackend, chooseOther } from '../domain/routing.ts';
import type { Backend } from '../ports/backend.ts';
import type { Router } from '../ports/router.ts';
import type { BackendState } from '../ports/store.ts';

/**
 * Routes by the configured order of each model's backends and what they can do right now.
 *
 * @param closed backends that take nothing new, by the configuration
 * @param stateOf what operators say about a backend now
 */
export function createRouter(
  routes: Readonly<Record<string, readonly string[]>>,
  backends: Readonly<Record<string, Backend>>,
  closed: ReadonlySet<string>,
  stateOf: (backend: string) => BackendState,
): Router {
  const of = (model: string): readonly Backend[] =>
    (routes[model] ?? []).flatMap((name) => {
      const backend = backends[name];
      return backend === undefined ? [] : [backend];
    });
  const candidates = (model: string): readonly Candidate[] =>
    of(model).map(({ name, capabilities: { ready, sizes, sides } }) => ({
      name,
      ready: ready && stateOf(name) === 'open',
      sizes,
      sides,
      closed: closed.has(name) || stateOf(name) === 'draining',
    }));
  const named = (name: string): Backend => {
    const backend = backends[name];
    if (backend === undefined) throw new Error(`${name} is routed to and not there`);
    return backend;
  };
  return {
    of,
    route(wish) {
      const all = candidates(wish.model);
      const [only] = all;
      // What an operator drains is refused in words of its own.
      if (only !== undefined && all.every(({ name }) => stateOf(name) === 'draining')) return named(only.name);
      return named(chooseBackend(all, wish));
    },
    other(wish, from) {
      const name = chooseOther(candidates(wish.model), wish, from);
      return name === undefined ? undefined : named(name);
    },
  };
}
