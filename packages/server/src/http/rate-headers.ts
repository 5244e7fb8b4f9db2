import type { FastifyReply, onSendHookHandler } from 'fastify';
import type { RateLeft } from '../service/rates.ts';
import type { Videos } from '../service/videos.ts';

/**
 * The draft of the IETF (`RateLimit`, draft-ietf-httpapi-ratelimit-headers), in which each header is a list, and what
 * OpenAI's clients know.
 */
export function tellRate(
  reply: FastifyReply,
  what: 'requests' | 'creates',
  perMinute: number,
  { remaining, resetMs }: RateLeft,
): void {
  const reset = Math.ceil(resetMs / 1000);
  append(reply, 'ratelimit-policy', `"${what}";q=${perMinute};w=60`);
  append(reply, 'ratelimit', `"${what}";r=${remaining};t=${reset}`);
  reply
    .header(`x-ratelimit-limit-${what}`, perMinute)
    .header(`x-ratelimit-remaining-${what}`, remaining)
    .header(`x-ratelimit-reset-${what}`, `${reset}s`);
}

/** Tells with each answer of a route that may create how many more the key may ask for. */
export function tellingCreates({ createsLeft }: Pick<Videos, 'createsLeft'>): onSendHookHandler {
  return ({ caller }, reply, _payload, done) => {
    if (caller !== null && caller !== 'signed' && caller.limits?.createsPerMinute !== undefined) {
      const left = createsLeft(caller);
      if (left !== undefined) tellRate(reply, 'creates', caller.limits.createsPerMinute, left);
    }
    done();
  };
}

function append(reply: FastifyReply, name: string, item: string): void {
  const before = reply.getHeader(name);
  reply.header(name, before === undefined ? item : `${String(before)}, ${item}`);
}
