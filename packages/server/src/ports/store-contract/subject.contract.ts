import { afterEach, beforeEach } from 'vitest';
import type { VideoEvent } from '../../domain/event.ts';
import type { VideoId } from '../../domain/id.ts';
import type { Store } from '../store.ts';

/** A store under test, with a look behind the port at what only other rooms will read. */
export interface OpenedStore {
  readonly store: Store;
  /** The outbox rows of a video, by version. */
  events(id: VideoId): Promise<readonly (VideoEvent & { readonly version: number })[]>;
  /** Removes whatever the store has left. */
  close(): Promise<void>;
}

/** Opens a fresh, empty store. */
export type OpenStore = () => Promise<OpenedStore>;

/** The store of the running test. */
export interface Subject {
  readonly opened: OpenedStore;
  readonly store: Store;
  readonly videos: Store['videos'];
}

/** Gives each test of the enclosing `describe` a store of its own. */
export function subject(open: OpenStore): Subject {
  let opened: OpenedStore | undefined;
  beforeEach(async () => {
    opened = await open();
  });
  afterEach(async () => {
    await opened?.store.close();
    await opened?.close();
    opened = undefined;
  });
  const present = () => {
    if (opened === undefined) throw new Error('no store is open outside a test');
    return opened;
  };
  return {
    get opened() {
      return present();
    },
    get store() {
      return present().store;
    },
    get videos() {
      return present().store.videos;
    },
  };
}
