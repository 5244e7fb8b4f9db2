import type { Video } from '../../packages/server/src/domain/video.ts';
import { createStage, type StageOptions } from './stage.ts';

/** A running worker with one place at a peer, long after its start, whose videos are accepted there when they are wanted. */
export async function openPeerStage(options: StageOptions = {}) {
  const stage = createStage({ slots: 1, remote: true, ...options });
  await stage.running();
  await stage.clock.advance(stage.policy.pendingDeadlineMs);
  /** A video whose peer works for `ms`. */
  async function accepted(ms: number): Promise<Video> {
    const before = stage.backend.operations;
    stage.backend.script.push({ do: 'operation', ms });
    const video = await stage.submit();
    await stage.clock.until('operation', () => stage.backend.operations === before + 1);
    await stage.clock.settle();
    return video;
  }
  return { ...stage, accepted };
}
