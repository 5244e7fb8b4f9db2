import { randomUUID } from 'node:crypto';
import Fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { Fault } from '../domain/fault.ts';
import { createBodies } from './bodies.ts';
import { answerBrokenRequest } from './broken.ts';
import { closeGracefully } from './closing.ts';
import { type Cors, createCors } from './cors.ts';
import { echo, errorHeaders, faultOf, NATIVE_ERRORS } from './errors.ts';
import type { AppParts, HttpLog } from './parts.ts';
import { mount, type Route } from './route.ts';
import { allRoutes } from './routes.ts';

/** Nothing we answer may be framed, sniffed or told to other sites; pages and files widen the policy for themselves. */
const GUARD_HEADERS = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
} as const;

/** How often Node looks for requests past their time; its own 30 s would make every limit that much longer. */
const OVERDUE_CHECK_MS = 2_000;
/** An answer given before the body was read leaves the peer this long to notice it. */
const UNREAD_BODY_MS = 10_000;
const PARAM_MAX = 200;

/**
 * The HTTP side of the server, not yet listening. `close()` lets open requests finish, drops idle connections at once
 * and cuts off what takes longer than `timeouts.closeMs`.
 */
export function createApp(parts: AppParts): FastifyInstance {
  const { timeouts, log } = parts;
  const cors = createCors(parts.corsOrigins);
  const app: FastifyInstance = Fastify({
    logger: false,
    genReqId: () => `req_${randomUUID()}`,
    requestIdHeader: false,
    trustProxy: proxyRule(parts.trustProxy),
    bodyLimit: parts.limits.bodyBytes,
    connectionTimeout: timeouts.idleMs,
    requestTimeout: timeouts.requestMs,
    keepAliveTimeout: timeouts.keepAliveMs,
    http: {
      headersTimeout: Math.min(timeouts.headersMs, timeouts.requestMs),
      connectionsCheckingInterval: Math.min(OVERDUE_CHECK_MS, timeouts.headersMs),
    },
    // Answered by our own hook, in the one envelope.
    return503OnClosing: false,
    exposeHeadRoutes: false,
    routerOptions: { maxParamLength: PARAM_MAX, ignoreTrailingSlash: true },
    clientErrorHandler: answerBrokenRequest,
    schemaController: { compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas } },
    frameworkErrors: (error, request, reply) => {
      guard(request, reply, cors);
      sendFault(error, request, reply, log);
    },
  });
  const routes: readonly Route[] = allRoutes(parts);
  const closing = closeGracefully(app, timeouts.closeMs);

  app.addHook('onRequest', (request, reply, done) => {
    guard(request, reply, cors);
    done(closing.begun() ? shuttingDown() : undefined);
  });
  app.addHook('onResponse', (request, reply, done) => {
    record(parts, request, reply);
    boundUnreadBody(request);
    closing.answered();
    done();
  });
  app.setErrorHandler<FastifyError>((error, request, reply) => sendFault(error, request, reply, log));
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?', 1)[0] ?? '';
    const fault = new Fault(
      'not_found',
      `There is no ${request.method} ${echo(path, 80)} here. /openapi.json lists what there is.`,
    );
    return sendFault(fault, request, reply, log);
  });
  mount(app, routes, parts, createBodies(parts.limits));
  return app;
}

/**
 * Our routes are held to their schemas by `validation.ts`. Fastify's own compilers, which it loads where it is given no
 * others, would take more memory than all our routes.
 */
function noSchemas(): never {
  throw new Error('a route has a schema of Fastify, which nothing here would compile');
}

/** A number means that many proxies in front: the nearest is hop 0. */
function proxyRule(trust: AppParts['trustProxy']): false | string[] | ((address: string, hop: number) => boolean) {
  if (trust === false) return false;
  return typeof trust === 'number' ? (_address, hop) => hop < trust : [...trust];
}

function guard(request: FastifyRequest, reply: FastifyReply, cors: Cors | undefined): void {
  reply.headers(GUARD_HEADERS).header('x-request-id', request.id);
  cors?.(request, reply);
}

function sendFault(thrown: unknown, request: FastifyRequest, reply: FastifyReply, log: HttpLog): FastifyReply {
  const fault = faultOf(thrown);
  const words = request.routeOptions.config.errors ?? NATIVE_ERRORS;
  const { status } = words.of(fault.code);
  if (status >= 500) {
    const facts = {
      requestId: request.id,
      route: request.routeOptions.url,
      code: fault.code,
      err: fault.cause ?? fault,
    };
    if (fault.kind === 'internal') log.error(facts, 'a request failed');
    else log.warn(facts, 'a request was turned away');
  }
  return reply
    .code(status)
    .headers(errorHeaders(fault))
    .type('application/json; charset=utf-8')
    .send(JSON.stringify(words.body(fault, request.id)));
}

function shuttingDown(): Fault {
  return new Fault('shutting_down', 'The server is shutting down. Send the request again in a moment.', {
    retryAfterMs: 2_000,
  });
}

function record(parts: AppParts, request: FastifyRequest, reply: FastifyReply): void {
  const { method } = request;
  const route = request.routeOptions.url ?? 'none';
  const seconds = reply.elapsedTime / 1000;
  parts.meter.observe('inbetween_http_request_seconds', seconds, {
    route,
    method,
    status: `${Math.floor(reply.statusCode / 100)}xx`,
  });
  parts.log.debug({ requestId: request.id, method, route, status: reply.statusCode, seconds }, 'answered');
}

/**
 * A body that was refused unread still arrives, and Node reads and drops it. Closing at once would reset the connection
 * and take the answer with it, so the peer gets a moment; after that it has no more right to our bandwidth.
 */
function boundUnreadBody({ raw }: FastifyRequest): void {
  if (raw.complete || raw.destroyed) return;
  const cutOff = setTimeout(() => raw.destroy(), UNREAD_BODY_MS);
  cutOff.unref();
  raw.once('end', () => clearTimeout(cutOff)).once('close', () => clearTimeout(cutOff));
}
