import type { Video } from '../domain/video.ts';
import type { ArtifactStore } from '../ports/artifacts.ts';
import type { Store } from '../ports/store.ts';

/** Ends the process as `kill -9` does. */
const die = () => process.kill(process.pid, 'SIGKILL');

/**
 * For tests: the same storage, which ends the process right before or right after one durable step. A point is named
 * `before` or `after`, the step, and what it is about: `insert`, `claim admit`, `swap running` (the status that a write
 * leads to, or `swap operation` for the write that saves a peer's handle), `put video.mp4`.
 */
export function crashing(
  { store, artifacts }: { readonly store: Store; readonly artifacts: ArtifactStore },
  point: string,
): { readonly store: Store; readonly artifacts: ArtifactStore } {
  const reached = (moment: 'before' | 'after', step: string, about = '') => {
    if (point === `${moment} ${step}` || point === `${moment} ${step} ${about}`) die();
  };
  async function around<T>(step: string, about: string, work: () => Promise<T>): Promise<T> {
    reached('before', step, about);
    const done = await work();
    reached('after', step, about);
    return done;
  }
  const { videos } = store;
  return {
    store: {
      ...store,
      videos: {
        ...videos,
        insert: (video, effects) => around('insert', '', () => videos.insert(video, effects)),
        async claim(wish) {
          reached('before', 'claim', wish.lane);
          const claimed = await videos.claim(wish);
          if (claimed.length > 0) reached('after', 'claim', wish.lane);
          return claimed;
        },
        swap: (previous, next, effects) =>
          around('swap', aboutOf(previous, next), () => videos.swap(previous, next, effects)),
      },
    },
    artifacts: {
      ...bound(artifacts),
      put: (key, source, type, signal) =>
        around('put', key.split('/').at(-1) ?? '', () => artifacts.put(key, source, type, signal)),
    },
  };
}

function aboutOf(previous: Video, next: Video): string {
  const saves = previous.attempt?.state === 'submitting' && next.attempt?.state === 'open';
  return saves ? 'operation' : next.status;
}

/** The disk store is an object with private parts, which a spread would leave behind. */
function bound(artifacts: ArtifactStore): ArtifactStore {
  const { link } = artifacts;
  return {
    put: artifacts.put.bind(artifacts),
    open: artifacts.open.bind(artifacts),
    remove: artifacts.remove.bind(artifacts),
    removeAll: artifacts.removeAll.bind(artifacts),
    list: artifacts.list.bind(artifacts),
    freeBytes: artifacts.freeBytes.bind(artifacts),
    ...(link === undefined ? {} : { link: link.bind(artifacts) }),
  };
}
