/** The whole server, except that its backend only notes when it is called. Tells each video's milestones. */
import type { World } from '../../packages/server/src/compose/adapters.ts';
import { Fault } from '../../packages/server/src/domain/fault.ts';
import { isTerminal } from '../../packages/server/src/domain/video.ts';
import type { Backend } from '../../packages/server/src/ports/backend.ts';
import type { VideoStore } from '../../packages/server/src/ports/store.ts';
import { answerOrders, tell } from './helper.ts';
import { type Milestone, machineMs } from './milestone.ts';
import { openStage } from './stage.ts';

const [folder = ''] = process.argv.slice(2);
const stage = await openStage(folder, true, watched);
answerOrders(
  () => ({ port: stage.port, secret: stage.secret }),
  () => stage.close(),
);

function note(id: string, what: Milestone['what']): void {
  tell({ id, what, at: machineMs() } satisfies Milestone);
}

function watched(world: World): World {
  const backends = Object.fromEntries(Object.entries(world.backends).map(([name, one]) => [name, stub(one)]));
  return {
    ...world,
    store: { ...world.store, videos: watchedStore(world.store.videos) },
    backends,
    router: {
      ...world.router,
      route: (wish) => {
        const backend = world.router.route(wish);
        return backends[backend.name] ?? backend;
      },
    },
  };
}

function watchedStore(videos: VideoStore): VideoStore {
  return {
    ...videos,
    async swap(previous, next, effects) {
      const written = await videos.swap(previous, next, effects);
      if (written === 'stale') return written;
      if (previous.status === 'pending' && written.status === 'queued') note(written.id, 'queued');
      if (isTerminal(written.status)) note(written.id, 'ended');
      return written;
    },
  };
}

/** Refuses each video with a fault that is not tried again, so that the system is soon idle again. */
function stub({ name, slots, capabilities, probe }: Backend): Backend {
  return {
    name,
    slots,
    capabilities,
    probe,
    generate({ video }) {
      note(video, 'called');
      const next = () => Promise.reject(new Fault('content_rejected', 'A stub makes nothing.'));
      return { [Symbol.asyncIterator]: () => ({ next }) };
    },
  };
}
