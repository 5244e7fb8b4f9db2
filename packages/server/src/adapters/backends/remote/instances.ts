import type { Json } from '../../../domain/attempt.ts';
import type { Clock } from '../../../ports/clock.ts';
import { Health } from './health.ts';
import type { RemoteApi } from './remote-api.ts';

/** One place where a peer runs: an address and the credential that opens it. */
export interface RemoteInstance {
  /**
   * Names address and credential; saved with each operation, which goes on here and nowhere else. Two instances that
   * differ in either need different names.
   */
  readonly name: string;
  /** Works here at once. */
  readonly slots: number;
  /** Nothing new is sent here; what it has accepted is followed to its end. */
  readonly draining: boolean;
  readonly api: RemoteApi<Json>;
}

/** An instance with how it is doing. */
export interface Place extends RemoteInstance {
  readonly health: Health;
  /** Works of this process there now, one that is just being sent included. */
  running: number;
}

/**
 * A typed adapter as the backend sees it: handles that come back from the store are read by the adapter itself.
 * Reading again what is in memory costs nothing that matters, and leaves one way in.
 */
export function opaque<Operation extends Json>(api: RemoteApi<Operation>): RemoteApi<Json> {
  const read = (saved: Json): Operation => {
    const operation = api.readOperation(saved);
    if (operation === undefined) throw new Error('a saved operation is none of this adapter');
    return operation;
  };
  const { lookup, load, watch, cleanUp, close } = api;
  return {
    get traits() {
      return api.traits;
    },
    start: (ask, signal) => api.start(ask, signal),
    poll: async (operation, signal) => api.poll(read(operation), signal),
    stop: async (operation, signal) => api.stop(read(operation), signal),
    fetchResult: async (operation, result, toFile, signal) => api.fetchResult(read(operation), result, toFile, signal),
    probe: (signal) => api.probe(signal),
    readOperation: (saved) => api.readOperation(saved),
    ...(watch === undefined
      ? {}
      : { watch: (operation, wake, signal) => watch.call(api, read(operation), wake, signal) }),
    ...(cleanUp === undefined ? {} : { cleanUp: async (operation: Json) => cleanUp.call(api, read(operation)) }),
    ...(load === undefined ? {} : { load: load.bind(api) }),
    ...(lookup === undefined ? {} : { lookup: lookup.bind(api) }),
    ...(close === undefined ? {} : { close: close.bind(api) }),
  };
}

export function openPlaces(instances: readonly RemoteInstance[], clock: Clock): readonly Place[] {
  return instances.map((instance) => ({ ...instance, health: new Health(clock), running: 0 }));
}

/**
 * The place for the next start: usable, with room if there is any, the least busy first, in the configured order.
 *
 * @param told what places say of themselves, which counts others' work too; ours may be newer
 */
export function choosePlace(
  places: readonly Place[],
  except: ReadonlySet<Place>,
  told: ReadonlyMap<Place, number> = new Map(),
): Place | undefined {
  const open = openOf(places).filter((place) => !except.has(place));
  const load = (place: Place) => Math.max(place.running, told.get(place) ?? 0) / place.slots;
  return open.toSorted((a, b) => load(a) - load(b))[0];
}

/** Places that take work now. */
export function openOf(places: readonly Place[]): readonly Place[] {
  return places.filter((place) => !place.draining && place.health.usable);
}
