import { missFiles } from '../domain/transitions.ts';
import { artifactsOf, type Video, videoPrefix } from '../domain/video.ts';
import type { ArtifactStore } from '../ports/artifacts.ts';
import type { Log } from '../ports/log.ts';
import type { Meter } from '../ports/meter.ts';
import type { KeptAfter, VideoStore } from '../ports/store.ts';

interface FileCheckParts {
  readonly store: Pick<VideoStore, 'kept' | 'swap'>;
  readonly artifacts: Pick<ArtifactStore, 'list'>;
  readonly log: Log;
  readonly meter: Meter;
}

/** Videos whose files are looked for in one go; the next go continues behind them. */
const BATCH = 500;
/** When so many of a go miss files, it is the storage that is not there, not the files. */
const STORAGE_IS_GONE = { share: 0.5, least: 5 };

/**
 * Looks for rows whose files are gone, a batch at each call, round and round: what a disk lost or somebody removed by hand.
 * Such a video is marked with a warning and told to the operator; its content answers 410 already.
 */
export function createFileCheck(parts: FileCheckParts): (now: number) => Promise<void> {
  let after: KeptAfter | undefined;
  return async (now) => {
    const videos = await parts.store.kept(after, BATCH);
    const last = videos.at(-1);
    after =
      last === undefined || last.completedAt === null || videos.length < BATCH
        ? undefined
        : { completedAt: last.completedAt, id: last.id };
    const found: [Video, readonly string[]][] = [];
    for (const video of videos) {
      const missing = await missingOf(parts, video);
      if (missing.length > 0) found.push([video, missing]);
    }
    if (found.length >= STORAGE_IS_GONE.least && found.length > videos.length * STORAGE_IS_GONE.share) {
      parts.log.error(
        { videos: videos.length, missing: found.length },
        'most files are missing: is the storage there? Nothing was marked',
      );
      return;
    }
    for (const [video, keys] of found) await mark(parts, video, keys, now);
  };
}

async function missingOf({ artifacts }: FileCheckParts, video: Video): Promise<readonly string[]> {
  const there = new Set<string>();
  for await (const { key } of artifacts.list(videoPrefix(video.id))) there.add(key);
  return artifactsOf(video)
    .map(({ key }) => key)
    .filter((key) => !there.has(key));
}

async function mark({ store, log, meter }: FileCheckParts, video: Video, keys: readonly string[], now: number) {
  const next = missFiles(video, now);
  // Marked before, or expired or deleted meanwhile.
  if (next === video || (await store.swap(video, next, {})) === 'stale') return;
  meter.count('inbetween_videos_without_files_total');
  log.error({ video: video.id, keys }, 'files of a finished video are gone');
}
