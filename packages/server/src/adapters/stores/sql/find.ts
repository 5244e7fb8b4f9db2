import type { FrameRole } from '../../../domain/frame.ts';
import type { OwnerId, VideoId } from '../../../domain/id.ts';
import type { Video } from '../../../domain/video.ts';
import type { VideoStore } from '../../../ports/store.ts';
import { compiled } from './compiled.ts';
import type { SqlDialect } from './dialect.ts';
import { createRemembered } from './remembered.ts';
import { videoOf } from './video-row.ts';

type Finding = Pick<VideoStore, 'find' | 'findByKey' | 'input' | 'exists'>;

/** Reads of one video by a key. These are the hot ones, so each is compiled once. */
export function finding(dialect: SqlDialect): Finding {
  const byId = compiled(dialect, (database) =>
    database
      .selectFrom('video')
      .selectAll()
      .where('id', '=', '' as VideoId),
  );
  const byKey = compiled(dialect, (database) =>
    database
      .selectFrom('idempotency')
      .innerJoin('video', 'video.id', 'idempotency.video')
      .selectAll('video')
      .select('idempotency.fingerprint')
      .where('idempotency.owner', '=', '' as OwnerId)
      .where('idempotency.key', '=', ''),
  );
  const input = compiled(dialect, (database) =>
    database
      .selectFrom('frame_input')
      .select('bytes')
      .where('video', '=', '' as VideoId)
      .where('role', '=', 'first' as FrameRole),
  );
  const versionOf = compiled(dialect, (database) =>
    database
      .selectFrom('video')
      .select('version')
      .where('id', '=', '' as VideoId),
  );
  const remembered = createRemembered();

  async function read(id: VideoId): Promise<Video | undefined> {
    // Told before anything is read, so that what is kept is never older than its epoch.
    const epoch = dialect.direct?.epoch();
    const current = remembered.of(id, epoch);
    if (current !== undefined) return current;
    const found = await versionOf(id);
    if (found === undefined) return undefined;
    const known = remembered.at(id, Number(found.version), epoch);
    if (known !== undefined) return known;
    const row = await byId(id);
    if (row === undefined) return undefined;
    const video = videoOf(row);
    remembered.keep(video, epoch);
    return video;
  }

  return {
    async find(id, owner) {
      const video = await read(id);
      if (video === undefined) return undefined;
      if (owner !== undefined && (video.owner !== owner || video.deletedAt !== null)) return undefined;
      return video;
    },
    async findByKey(owner, key) {
      const row = await byKey(owner, key);
      return row === undefined ? undefined : { video: videoOf(row), fingerprint: row.fingerprint };
    },
    async input(id, role) {
      return (await input(id, role))?.bytes;
    },
    async exists(id) {
      return (await versionOf(id)) !== undefined;
    },
  };
}
