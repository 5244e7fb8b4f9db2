import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Caller } from '../../../domain/api-key.ts';
import { isTerminal, type Video } from '../../../domain/video.ts';
import type { AppParts } from '../../parts.ts';
import { pollHeaders } from '../../poll-headers.ts';
import { readWait } from '../../prefer-wait.ts';
import { noneMatchHits } from '../../range.ts';
import type { Waiters } from '../../waiters.ts';
import type { Around } from './surroundings.ts';

/** `GET /v1/videos/{id}`: at once, or with `wait` as soon as the status changes. */
export async function retrieve(
  { videos }: Pick<AppParts, 'videos'>,
  around: Around,
  waiters: Waiters,
  request: FastifyRequest,
  reply: FastifyReply,
  caller: Caller,
  id: string,
): Promise<FastifyReply> {
  const ifNoneMatch = request.headers['if-none-match'];
  const wish = readWait(request);
  const look = async (video: Video) => {
    const place = await videos.place(video);
    return { video, place, etag: around.etag(video, place) };
  };

  let seen = await look(await videos.find(caller, id));
  // Who knows another version than ours has news already.
  const isKnown = ifNoneMatch === undefined || noneMatchHits(ifNoneMatch, seen.etag);
  if (wish !== undefined && wish.seconds > 0 && isKnown && !isTerminal(seen.video.status)) {
    const signal = waiters.enter(request, reply);
    seen = await look(await videos.waitForStatus(caller, id, wish.seconds * 1000, signal));
  }
  const { video, place, etag } = seen;
  reply.headers({ etag, 'cache-control': 'private, no-cache' });
  if (wish?.preferred === true) reply.header('preference-applied', `wait=${wish.seconds}`);
  if (!isTerminal(video.status)) reply.headers(pollHeaders(videos.lookAgainMs(video)));
  if (noneMatchHits(ifNoneMatch, etag)) return reply.code(304).send();
  return reply.type('application/json; charset=utf-8').send(around.text(video, place, etag));
}
