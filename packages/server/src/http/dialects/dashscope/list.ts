import type { Caller } from '../../../domain/api-key.ts';
import type { VideoId } from '../../../domain/id.ts';
import type { Video } from '../../../domain/video.ts';
import type { Videos } from '../../../service/videos.ts';
import { read } from '../../validation.ts';
import { listQuery, type TaskList } from './schema.ts';
import { readStamp, showRow, statusOf } from './translate.ts';

/** DashScope lists one day at most; it is the default too. */
const WINDOW_MS = 24 * 3_600_000;
const PAGE = 100;
/** More than this of one day are not counted on. */
const COUNTED_MAX = 10_000;

/** Tasks of a window of time, by numbered pages with a total, as its console has them. */
export async function listTasks(
  videos: Pick<Videos, 'list'>,
  caller: Caller,
  query: unknown,
  now: number,
  requestId: string,
): Promise<TaskList> {
  const { task_id: id, start_time: start, end_time: end, model_name: model, status, ...page } = read(listQuery, query);
  const to = readStamp(end) ?? now;
  const from = Math.max(readStamp(start) ?? to - WINDOW_MS, to - WINDOW_MS);
  const matching: Video[] = [];
  for await (const video of newestFirst(videos, caller, from)) {
    const fits =
      video.createdAt <= to &&
      (id === undefined || video.id === id) &&
      (model === undefined || video.generation.model === model) &&
      (status === undefined || statusOf(video) === status);
    if (fits) matching.push(video);
  }
  const [pageNo, pageSize] = [Number(page.page_no), Number(page.page_size)];
  return {
    request_id: requestId,
    total: matching.length,
    total_page: Math.ceil(matching.length / pageSize),
    page_no: pageNo,
    page_size: pageSize,
    data: matching.slice((pageNo - 1) * pageSize, pageNo * pageSize).map((video) => showRow(video, requestId)),
  };
}

async function* newestFirst(videos: Pick<Videos, 'list'>, caller: Caller, from: number): AsyncGenerator<Video> {
  let after: VideoId | undefined;
  for (let seen = 0; seen < COUNTED_MAX; seen += PAGE) {
    const { items, hasMore } = await videos.list(caller, { limit: PAGE, order: 'desc', after });
    for (const video of items) {
      if (video.createdAt < from) return;
      yield video;
    }
    after = items.at(-1)?.id;
    if (!hasMore) return;
  }
}
