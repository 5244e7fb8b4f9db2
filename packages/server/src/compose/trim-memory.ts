import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Late enough that the lanes have started as well. */
const AFTER_START_MS = 1_000;

/**
 * Gives back what the start took. While modules load nearly everything survives, so V8 lets its young generation grow to
 * tens of megabytes, and a server that then has little to do keeps them: no collection comes that would see that they
 * are not needed. One thorough collection (a tenth of a second) makes it small; under load it grows again as ever.
 */
export function trimMemorySoon(): void {
  setTimeout(trimMemory, AFTER_START_MS).unref();
}

function trimMemory(): void {
  // Node hands out its collector by this flag only, to contexts that are made while it is on.
  setFlagsFromString('--expose-gc');
  const collect: NodeJS.GCFunction = runInNewContext('gc');
  setFlagsFromString('--no-expose-gc');
  collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}
