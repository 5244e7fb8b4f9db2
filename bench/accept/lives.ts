import type { World } from '../../packages/server/src/compose/adapters.ts';
import { eventOf } from '../../packages/server/src/domain/event.ts';
import type { VideoId } from '../../packages/server/src/domain/id.ts';
import type { Policy } from '../../packages/server/src/domain/policy.ts';
import type { Artifact } from '../../packages/server/src/domain/result.ts';
import { admit, advance, begin, succeed } from '../../packages/server/src/domain/transitions.ts';
import type { Video } from '../../packages/server/src/domain/video.ts';

export type Reachable = 'pending' | 'queued' | 'running' | 'succeeded';

/** Leads a pending video on to a status, as the lanes would, with files that nobody opens. */
export async function leadTo(world: World, policy: Policy, id: string, status: Reachable): Promise<void> {
  const now = world.clock.now();
  const file = (name: string, type: string): Artifact => ({
    key: `videos/${id}/${name}`,
    bytes: 1_000_000,
    sha256: '0'.repeat(64),
    type,
  });
  const png = (name: string) => file(`frames/${name}.png`, 'image/png');
  const size = { width: 1280, height: 720 };
  const steps: readonly ((video: Video) => Video)[] = [
    (video) => admit(video, { ...size, first: png('first'), last: png('last') }, [], now, policy),
    (video) => begin(video, now, policy, false),
    (video) => advance(video, 0.5, 'generating', now, policy),
    (video) =>
      succeed(
        video,
        {
          video: file('1/video.mp4', 'video/mp4'),
          thumbnail: file('1/thumbnail.webp', 'image/webp'),
          lastFrame: file('1/last_frame.png', 'image/png'),
          facts: { ...size, fps: 30, frames: 150, durationMs: 5_000 },
          report: { mode: 'motion', match_confidence: 0.8 },
          actualPrompt: 'The camera moves slowly towards the subject',
        },
        now,
        policy,
      ),
  ];
  let video = await world.store.videos.find(id as VideoId);
  for (const step of steps) {
    if (video === undefined) throw new Error(`there is no ${id}`);
    if (video.status === status && (status !== 'running' || video.progress > 0)) return;
    const next = step(video);
    const written = await world.store.videos.swap(video, next, { event: eventOf(video, next), dropInputs: true });
    if (written === 'stale') throw new Error(`somebody else wrote ${id}`);
    video = written;
  }
}
