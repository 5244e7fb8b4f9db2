import { progress } from '@clack/prompts';
import type { VideoObject } from '@inbetween/client';

/** What is shown of a video. */
export type ShownVideo = Pick<VideoObject, 'status' | 'progress'> & {
  readonly metadata: Pick<VideoObject['metadata'], 'eta' | 'queue_position'> & { readonly phase: string | null };
};

/** Shows how a video is doing, on standard error: a bar at a terminal, a line per change elsewhere. */
export interface ShownProgress {
  update(video: ShownVideo): void;
  done(): void;
  failed(): void;
}

export function showProgress(): ShownProgress {
  return process.stderr.isTTY === true ? bar() : lines();
}

function bar(): ShownProgress {
  const shown = progress({ max: 100, size: 32, style: 'block', output: process.stderr });
  let at = 0;
  shown.start('waiting');
  return {
    update(video) {
      shown.advance(video.progress - at, words(video));
      at = video.progress;
    },
    done: () => shown.stop('done'),
    failed: () => shown.error('not finished'),
  };
}

function lines(): ShownProgress {
  let last = '';
  return {
    update(video) {
      // A line per ten percent is enough for a log.
      const line = `${video.status}${video.metadata.phase === null ? '' : ` (${video.metadata.phase})`} ${Math.floor(video.progress / 10) * 10} %`;
      if (line !== last) process.stderr.write(`${line}\n`);
      last = line;
    },
    done() {},
    failed() {},
  };
}

function words(video: ShownVideo): string {
  const { phase, eta, queue_position: position } = video.metadata;
  const left = eta === null ? '' : `, about ${Math.max(1, Math.round(eta - Date.now() / 1000))} s left`;
  const queued = position === null || position === 0 ? '' : `, ${position} before it`;
  return `${video.progress} %  ${phase ?? video.status}${queued}${left}`;
}
