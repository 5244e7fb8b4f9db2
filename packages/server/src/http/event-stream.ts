import { PassThrough } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isTerminal, type Video } from '../domain/video.ts';
import type { Watch } from '../service/waiting.ts';
import type { HttpTimeouts } from './parts.ts';
import type { Waiters } from './waiters.ts';

/** A video's life as server-sent events (WHATWG HTML §9.2). */
export interface EventStreams {
  /**
   * Sends the video as it is now, then each time it changes, and ends after its final state.
   * @param watch hears of the video from now on
   * @param show the data of one message
   */
  answer(
    request: FastifyRequest,
    reply: FastifyReply,
    watch: (listener: (video: Video) => void) => Promise<Watch>,
    show: (video: Video) => Promise<object>,
  ): Promise<FastifyReply>;
}

/** How long a browser waits before it comes back. */
const COME_BACK_MS = 2_000;

interface Stream {
  beat(): void;
}

export function createEventStreams(waiters: Waiters, timeouts: Pick<HttpTimeouts, 'heartbeatMs' | 'streamMs'>) {
  const open = new Set<Stream>();
  let heart: NodeJS.Timeout | undefined;

  /** One timer for all streams. */
  function keepBeating(stream: Stream): () => void {
    open.add(stream);
    heart ??= setInterval(() => {
      for (const each of open) each.beat();
    }, timeouts.heartbeatMs).unref();
    return () => {
      open.delete(stream);
      if (open.size > 0) return;
      clearInterval(heart);
      heart = undefined;
    };
  }

  const streams: EventStreams = {
    async answer(request, reply, watch, show) {
      reply.headers({ 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no' });
      const signal = request.method === 'HEAD' ? undefined : waiters.enter(request, reply);
      const body = new PassThrough();
      let next: Video | undefined;
      /** The version that the reader has. */
      let newest = 0;
      // Nothing is sent before it is known what the reader has.
      let pumping = true;

      /** Sends the newest version there is; a slow reader misses those in between and never makes us hoard. */
      async function pump(): Promise<void> {
        if (pumping) return;
        pumping = true;
        try {
          while (next !== undefined && !body.writableEnded && !body.destroyed) {
            const video = next;
            next = undefined;
            if (video.version <= newest) continue;
            newest = video.version;
            const gone = video.deletedAt !== null;
            const shown = gone ? { id: video.id, object: 'video.deleted', deleted: true } : await show(video);
            const more = body.write(`id: ${video.id}:${video.version}\ndata: ${JSON.stringify(shown)}\n\n`);
            if (gone || isTerminal(video.status)) body.end();
            else if (!more) await new Promise<void>((resolve) => body.once('drain', resolve).once('close', resolve));
          }
        } catch (error) {
          body.destroy(error instanceof Error ? error : new Error(String(error)));
        } finally {
          pumping = false;
        }
      }

      const { video, stop } = await watch((newer) => {
        next = newer;
        void pump();
      });
      const known = seenVersion(request, video);
      // 204 is the one answer that keeps a browser from asking again.
      if (signal === undefined || signal.aborted || (known === video.version && isTerminal(video.status))) {
        stop();
        return signal === undefined ? reply.send() : reply.code(204).send();
      }
      const still = keepBeating({ beat: () => void (body.writableNeedDrain || body.write(':\n\n')) });
      const end = () => void body.end();
      const limit = setTimeout(end, timeouts.streamMs).unref();
      signal.addEventListener('abort', end, { once: true });
      body.once('close', () => {
        stop();
        still();
        clearTimeout(limit);
        signal.removeEventListener('abort', end);
      });
      body.write(`retry: ${COME_BACK_MS}\n\n`);
      if (known === video.version) newest = known;
      if (next === undefined || next.version < video.version) next = video;
      pumping = false;
      void pump();
      return reply.send(body);
    },
  };
  return streams;
}

/** The version named by `Last-Event-ID`, when it is one of this video. */
function seenVersion(request: FastifyRequest, video: Video): number | undefined {
  const last = request.headers['last-event-id'];
  if (typeof last !== 'string') return undefined;
  const [id, version = ''] = last.split(':');
  return id === video.id && /^\d{1,15}$/.test(version) ? Number(version) : undefined;
}
