import type { FastifyRequest } from 'fastify';
import { Fault } from '../../domain/fault.ts';
import { readDeliveryId } from '../../domain/id.ts';
import { ENDPOINT_LIMITS } from '../../service/endpoints.ts';
import { readJsonBody } from '../bodies.ts';
import type { AppParts } from '../parts.ts';
import type { Route } from '../route.ts';
import { read } from '../validation.ts';
import { docs } from './docs.ts';
import { changeEndpointBody, createEndpointBody, deliveriesQuery, rotateBody } from './schema.ts';
import { showDeliveries, showDelivery, showEndpoint, showTest } from './show.ts';

const native = { dialect: 'powertokens', body: 'none' } as const;
const HOUR_MS = 3_600_000;
/** A test send ends by itself before this; the signal is there for when it does not. */
const TEST_MS = 30_000;
const DEFAULT_OVERLAP_HOURS = Math.min(24, ENDPOINT_LIMITS.overlapMs / HOUR_MS);

/** Webhooks: where an owner wants to be told, and what was sent. */
export function webhookRoutes({ endpoints }: AppParts): readonly Route[] {
  return [
    {
      ...native,
      method: 'POST',
      path: '/v1/webhook_endpoints',
      access: 'videos:create',
      body: 'json',
      doc: docs.create,
      async answer(request, _reply, caller) {
        const { url, events, description, only_this_key } = read(createEndpointBody, readJsonBody(request));
        const made = await endpoints.create(caller, { url, events, description, onlyThisKey: only_this_key });
        return showEndpoint(made, made.secrets[0]?.secret);
      },
    },
    {
      ...native,
      method: 'GET',
      path: '/v1/webhook_endpoints',
      access: 'videos:read',
      doc: docs.list,
      async answer(_request, _reply, caller) {
        const found = await endpoints.list(caller);
        return { object: 'list', data: found.map((endpoint) => showEndpoint(endpoint)) };
      },
    },
    {
      ...native,
      method: 'GET',
      path: '/v1/webhook_endpoints/:endpoint',
      access: 'videos:read',
      doc: docs.retrieve,
      answer: async (request, _reply, caller) => showEndpoint(await endpoints.find(caller, named(request, 'endpoint'))),
    },
    {
      ...native,
      method: 'POST',
      path: '/v1/webhook_endpoints/:endpoint',
      access: 'videos:create',
      body: 'json',
      doc: docs.change,
      async answer(request, _reply, caller) {
        const change = read(changeEndpointBody, readJsonBody(request));
        return showEndpoint(await endpoints.change(caller, named(request, 'endpoint'), change));
      },
    },
    {
      ...native,
      method: 'DELETE',
      path: '/v1/webhook_endpoints/:endpoint',
      access: 'videos:create',
      body: 'ignored',
      doc: docs.delete,
      async answer(request, _reply, caller) {
        const id = named(request, 'endpoint');
        await endpoints.delete(caller, id);
        return { id, object: 'webhook_endpoint.deleted', deleted: true };
      },
    },
    {
      ...native,
      method: 'POST',
      path: '/v1/webhook_endpoints/:endpoint/rotate_secret',
      access: 'videos:create',
      body: 'json',
      doc: docs.rotate,
      async answer(request, _reply, caller) {
        const { overlap_hours = DEFAULT_OVERLAP_HOURS } = read(rotateBody, readJsonBody(request, {}));
        const rotated = await endpoints.rotate(caller, named(request, 'endpoint'), overlap_hours * HOUR_MS);
        return showEndpoint(rotated, rotated.secrets[0]?.secret);
      },
    },
    {
      ...native,
      method: 'POST',
      path: '/v1/webhook_endpoints/:endpoint/test',
      access: 'videos:create',
      body: 'ignored',
      doc: docs.test,
      answer: async (request, _reply, caller) =>
        showTest(await endpoints.test(caller, named(request, 'endpoint'), AbortSignal.timeout(TEST_MS))),
    },
    {
      ...native,
      method: 'GET',
      path: '/v1/webhook_endpoints/:endpoint/deliveries',
      access: 'videos:read',
      doc: docs.deliveries,
      async answer(request, _reply, caller) {
        const { limit, after, state } = read(deliveriesQuery, request.query);
        const page = { limit: Number(limit), after: after === undefined ? undefined : cursorOf(after), state };
        return showDeliveries(await endpoints.deliveries(caller, named(request, 'endpoint'), page));
      },
    },
    {
      ...native,
      method: 'POST',
      path: '/v1/webhook_deliveries/:delivery/replay',
      access: 'videos:create',
      body: 'ignored',
      doc: docs.replay,
      answer: async (request, _reply, caller) =>
        showDelivery(await endpoints.replay(caller, named(request, 'delivery'))),
    },
  ];
}

function cursorOf(after: string) {
  const id = readDeliveryId(after);
  if (id !== undefined) return id;
  throw new Fault('invalid_request', 'after must be the id of a delivery.', { param: 'after' });
}

function named(request: FastifyRequest, name: 'endpoint' | 'delivery'): string {
  return (request.params as Readonly<Record<string, string>>)[name] ?? '';
}
