import { readMessages } from './event-stream.ts';
import type { Transport } from './transport.ts';
import type { VideoObject } from './wire.ts';

/** Streams that brought nothing before events are given up for polling. */
const SILENT_STREAMS_MAX = 3;

/**
 * The newer and newer states of a video, as the server tells them, over as many streams as it takes. Ends without a final
 * state where there are no events to be had: an older server, a proxy that holds streams back, a line that keeps breaking.
 */
export async function* follow(
  send: Transport,
  path: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<VideoObject> {
  let last: string | undefined;
  for (let silent = 0; silent < SILENT_STREAMS_MAX; ) {
    let heard = false;
    try {
      const headers = { accept: 'text/event-stream', ...(last === undefined ? {} : { 'last-event-id': last }) };
      const { response } = await send({ method: 'GET', path: `${path}/events`, headers, unbounded: true, signal });
      const type = response.headers.get('content-type') ?? '';
      if (response.body === null || !type.startsWith('text/event-stream')) return;
      for await (const { id, data } of readMessages(response.body)) {
        const video = JSON.parse(data) as VideoObject;
        // A video deleted meanwhile is told as such; the next look says that it is not there.
        if (typeof video.status !== 'string') return;
        heard = true;
        last = id === '' ? last : id;
        yield video;
      }
    } catch {
      signal?.throwIfAborted();
      // What is wrong with the video itself, a look will tell in the server's words.
    }
    silent = heard ? 0 : silent + 1;
  }
}
