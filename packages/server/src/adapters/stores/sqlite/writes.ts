import type { Store } from '../../../ports/store.ts';

/** The parts of a store: its members that are objects with methods. */
type Part = keyof { [Name in keyof Store as Store[Name] extends () => unknown ? never : Name]: Store[Name] };

/** A call of a method that writes, as plain values. */
export interface WriteCall {
  readonly part: string;
  readonly method: string;
  readonly args: readonly unknown[];
}

/** The methods that write. Their arguments and results are plain values, so a call can be made in another thread. */
export const WRITES = {
  videos: ['insert', 'claim', 'swap', 'purge'],
  events: [],
  files: ['add', 'remove'],
  workers: ['renew', 'remove', 'removeAll'],
  keys: ['addOwner', 'setLimits', 'add', 'revoke', 'touch'],
  ledger: [],
  secrets: ['ensure'],
  backends: ['seen', 'set'],
  rate: ['take'],
  webhooks: ['addEndpoint', 'ensureCallback', 'swapEndpoint', 'removeEndpoint', 'claim', 'swap'],
  audit: ['add'],
} as const satisfies { readonly [Name in Part]: readonly (keyof Store[Name])[] };

type Methods = Readonly<Record<string, (...args: readonly unknown[]) => Promise<unknown>>>;

/** Makes a call on a store. Rejects, and never throws at once. */
export async function make(store: Store, { part, method, args }: WriteCall): Promise<unknown> {
  const run = (store as unknown as Readonly<Record<string, Methods>>)[part]?.[method];
  if (run === undefined) throw new Error(`A store has no ${part}.${method}.`);
  return run(...args);
}

/** The same store, whose writes are made by `write` and whose reads are its own. */
export function withWrites(store: Store, write: (call: WriteCall) => Promise<unknown>): Store {
  const parts = Object.entries(WRITES).map(([part, methods]) => {
    const writes = methods.map((method) => [method, (...args: unknown[]) => write({ part, method, args })]);
    return [part, { ...store[part as Part], ...Object.fromEntries(writes) }];
  });
  return { ...store, ...Object.fromEntries(parts) };
}
