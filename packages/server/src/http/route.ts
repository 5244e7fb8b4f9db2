import type { FastifyInstance, FastifyReply, FastifyRequest, onRequestHookHandler } from 'fastify';
import type { z } from 'zod';
import type { Caller, Scope } from '../domain/api-key.ts';
import { Fault, type FaultCode } from '../domain/fault.ts';
import { authenticate, requireScope } from './auth.ts';
import type { Bodies, BodyKind } from './bodies.ts';
import type { DialectName } from './dialect-name.ts';
import type { ErrorWords } from './error-words.ts';
import { createKeyGate, type KeyGate } from './key-gate.ts';
import type { AppParts } from './parts.ts';
import { tellingCreates } from './rate-headers.ts';

/** Who may ask: everybody, a key with this scope, or (`signed`) a key that may read videos or a signed address. */
export type Access = 'open' | 'signed' | Scope;

/** What can be said of a route without knowing what it does; tests walk these. */
export interface RouteTrait {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** In Fastify's spelling: `/v1/videos/:id`. */
  readonly path: string;
  readonly access: Access;
  /** Null: it belongs to none of the wire languages. */
  readonly dialect: DialectName | null;
  readonly body: BodyKind;
}

/** A successful answer, for the description. */
export interface AnswerDoc {
  readonly description: string;
  readonly content?: Readonly<Record<string, { readonly schema: z.ZodType | 'binary'; readonly example?: unknown }>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** How a route is described; `/openapi.json` is made of these and nothing else. */
export interface RouteDoc {
  readonly id: string;
  readonly summary: string;
  readonly description?: string;
  readonly path?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly headers?: z.ZodObject;
  readonly body?: Readonly<Record<string, { readonly schema: z.ZodType; readonly examples?: Record<string, unknown> }>>;
  readonly answers: Readonly<Record<number, AnswerDoc>>;
  readonly faults: readonly FaultCode[];
}

type Answer<C> = (request: FastifyRequest, reply: FastifyReply, caller: C) => unknown;

/** A route: what it is, how it is described, what it answers, and how it tells faults; absent: as the native API does. */
export type Route = RouteTrait & { readonly doc: RouteDoc; readonly errors?: ErrorWords } & (
    | { readonly access: 'open'; readonly answer: Answer<undefined> }
    | { readonly access: Scope; readonly answer: Answer<Caller> }
    | {
        readonly access: 'signed';
        readonly answer: Answer<Caller | 'signed'>;
        /** @throws Fault `invalid_signature` */
        readonly verify: (request: FastifyRequest) => void;
      }
  );

/** The routes as facts alone, for tests that walk all of them. */
export function traitsOf(routes: readonly Route[]): readonly RouteTrait[] {
  return routes.map(({ method, path, access, dialect, body }) => ({ method, path, access, dialect, body }));
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set before the body is read; null on open routes. */
    caller: Caller | 'signed' | null;
  }
  interface FastifyContextConfig {
    errors?: ErrorWords | undefined;
    /** No page of another site has any business here. */
    forOperators?: boolean;
  }
}

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;

/** Puts the routes into the app: the key is checked before the first byte of a body is read. */
export function mount(app: FastifyInstance, routes: readonly Route[], parts: AppParts, bodies: Bodies): void {
  app.decorateRequest('caller', null);
  const gate = createKeyGate(parts.clock);
  const telling = tellingCreates(parts.videos);
  for (const route of routes) {
    app.register(async (scope) => {
      bodies.prepare(scope, route.body);
      scope.route({
        // HEAD is answered by the same code: it alone knows the length of a file it need not open.
        method: route.method === 'GET' ? ['GET', 'HEAD'] : route.method,
        url: route.path,
        config: { errors: route.errors, forOperators: route.access === 'admin' },
        onRequest: [identification(route, parts, gate), ...bodies.gate(route.body)],
        ...(route.access === 'videos:create' ? { onSend: telling } : {}),
        handler: (request, reply) => answer(route, request, reply),
      });
    });
  }
  refuseOtherMethods(app, routes);
}

/** Says who asks. Without a promise where it is known at once, because Fastify's way around one costs 3 µs a request. */
function identification(route: Route, parts: AppParts, gate: KeyGate): onRequestHookHandler {
  if (route.access === 'open') return (_request, _reply, done) => done();
  const scope = route.access === 'signed' ? 'videos:read' : route.access;
  return (request, reply, done) => {
    const { authorization } = request.headers;
    // A header decides alone: a bad key with a good signature is a bad key.
    if (route.access === 'signed' && authorization === undefined && isSigned(request)) {
      route.verify(request);
      request.caller = 'signed';
      return done();
    }
    const admit = (caller: Caller) => {
      gate(caller, request, reply);
      requireScope(caller, scope);
      request.caller = caller;
    };
    const caller = authenticate(parts.keys, authorization);
    if (caller instanceof Promise) return void caller.then(admit).then(() => done(), done);
    admit(caller);
    done();
  };
}

function isSigned(request: FastifyRequest): boolean {
  return typeof request.query === 'object' && request.query !== null && 'sig' in request.query;
}

function answer(route: Route, request: FastifyRequest, reply: FastifyReply): unknown {
  if (route.access === 'open') return route.answer(request, reply, undefined);
  if (request.caller === null) throw new Error(`${route.path} was reached without a caller`);
  if (route.access === 'signed') return route.answer(request, reply, request.caller);
  if (request.caller === 'signed') throw new Error(`${route.path} was reached with a signature`);
  return route.answer(request, reply, request.caller);
}

/** At a known address, OPTIONS tells the methods and any other method is 405 instead of 404. */
function refuseOtherMethods(app: FastifyInstance, routes: readonly Route[]): void {
  for (const path of new Set(routes.map((route) => route.path))) {
    const here = routes.filter((route) => route.path === path);
    const own = here.map((route) => route.method);
    const allowed = METHODS.filter(
      (method) => method === 'OPTIONS' || (method === 'HEAD' ? own.includes('GET') : own.some((one) => one === method)),
    );
    const allow = allowed.join(', ');
    const config = { errors: here[0]?.errors, forOperators: here.some(({ access }) => access === 'admin') };
    app.route({
      method: METHODS.filter((method) => !allowed.includes(method)),
      url: path,
      config,
      // Before parsing, so that a body nobody wants is not read.
      onRequest: async (request, reply) => {
        reply.header('allow', allow);
        throw new Fault('method_not_allowed', `${request.method} is not possible here; use ${allow}.`);
      },
      handler: async () => undefined,
    });
    app.route({
      method: 'OPTIONS',
      url: path,
      config,
      onRequest: async (_request, reply) => reply.code(204).header('allow', allow).send(),
      handler: async () => undefined,
    });
  }
}
