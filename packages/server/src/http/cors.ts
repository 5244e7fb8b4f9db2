import type { FastifyReply, FastifyRequest } from 'fastify';

/** What a page may send beside what every page may. */
const SENT = [
  'Authorization',
  'Content-Type',
  'Idempotency-Key',
  'If-None-Match',
  'If-Range',
  'Last-Event-ID',
  'Prefer',
  'Range',
  'X-DashScope-Async',
  'X-Inbetween-Simulate',
].join(', ');

/** What a page may read beside what every page may. */
const READ = [
  'Accept-Ranges',
  'Allow',
  'Content-Disposition',
  'Content-Length',
  'Content-Range',
  'ETag',
  'Idempotency-Replayed',
  'Location',
  'Preference-Applied',
  'RateLimit',
  'RateLimit-Policy',
  'Retry-After',
  'X-RateLimit-Limit-Requests',
  'X-RateLimit-Remaining-Requests',
  'X-RateLimit-Reset-Requests',
  'X-Request-Id',
].join(', ');

const METHODS = 'GET, HEAD, POST, DELETE';
/** How long a browser may remember the answer; what is taken off the list is out within this time. */
const REMEMBERED_S = 600;

/** Says in the headers of an answer which page may read it. */
export type Cors = (request: FastifyRequest, reply: FastifyReply) => void;

/**
 * Opens the API to pages of these origins, compared as they are: no wildcard, no reflection, and never with cookies,
 * because nothing here authenticates by them. Routes for operators stay closed to every page.
 *
 * @param origins as browsers spell them, such as `https://app.example.com`; with none, browsers keep pages out
 */
export function createCors(origins: readonly string[]): Cors | undefined {
  if (origins.length === 0) return undefined;
  const allowed = new Set(origins);
  return (request, reply) => {
    // Also where no origin was sent: a cache must not hand one origin's answer to another.
    reply.header('vary', 'Origin');
    const { origin } = request.headers;
    if (origin === undefined || !allowed.has(origin) || request.routeOptions.config.forOperators === true) return;
    reply.header('access-control-allow-origin', origin).header('access-control-expose-headers', READ);
    if (request.method !== 'OPTIONS') return;
    reply
      .header('access-control-allow-methods', METHODS)
      .header('access-control-allow-headers', SENT)
      .header('access-control-max-age', REMEMBERED_S);
  };
}
