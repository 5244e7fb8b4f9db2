import type { FastifyReply, FastifyRequest } from 'fastify';
import { Fault } from '../domain/fault.ts';

/** Requests that are held open until something happens. */
export interface Waiters {
  /**
   * Counts a request as waiting until its answer has ended.
   * @returns aborts when the caller is gone or the server is about to close
   * @throws Fault `overloaded` when as many wait as may
   */
  enter(request: FastifyRequest, reply: FastifyReply): AbortSignal;
  readonly count: number;
}

const FULL_RETRY_MS = 5_000;

/** @param max requests held open at one time; each costs a connection and a few KB, so thousands are no burden */
export function createWaiters(max: number): Waiters {
  const waiting = new Set<FastifyReply>();
  return {
    enter(request, reply) {
      if (waiting.size >= max) {
        throw new Fault('overloaded', `The server holds ${max} waiting requests, as many as it may. Poll instead.`, {
          retryAfterMs: FULL_RETRY_MS,
        });
      }
      waiting.add(reply);
      const gone = new AbortController();
      reply.raw.once('close', () => {
        waiting.delete(reply);
        gone.abort();
      });
      return AbortSignal.any([gone.signal, request.server.leaving]);
    },
    get count() {
      return waiting.size;
    },
  };
}
