import type { z } from 'zod';
import { type Delivery, webhookId } from '../../domain/delivery.ts';
import type { Endpoint } from '../../domain/endpoint.ts';
import type { Endpoints, TestOutcome } from '../../service/endpoints.ts';
import { unixSeconds } from '../unix-seconds.ts';
import type { deliveryList, deliveryObject, endpointObject, testOutcome } from './schema.ts';

/** An endpoint; its secret only where the caller is given it. */
export function showEndpoint(endpoint: Endpoint, secret?: string): z.output<typeof endpointObject> {
  return {
    id: endpoint.id,
    object: 'webhook_endpoint',
    kind: endpoint.kind,
    url: endpoint.url,
    description: endpoint.description,
    events: [...endpoint.events],
    only_key: endpoint.apiKey,
    enabled: endpoint.disabledAt === null,
    disabled_reason: endpoint.disabledReason,
    created_at: unixSeconds(endpoint.createdAt),
    ...(secret === undefined ? {} : { secret }),
  };
}

export function showDelivery(delivery: Delivery): z.output<typeof deliveryObject> {
  return {
    id: delivery.id,
    object: 'webhook_delivery',
    webhook_id: webhookId(delivery),
    endpoint: delivery.endpoint,
    video: delivery.video,
    type: delivery.type,
    url: delivery.url,
    state: delivery.state,
    created_at: unixSeconds(delivery.createdAt),
    next_try_at: delivery.dueAt === null ? null : unixSeconds(delivery.dueAt),
    tries: delivery.log.map(({ at, ms, status, problem }) => ({ at: unixSeconds(at), ms, status, problem })),
  };
}

type Deliveries = Awaited<ReturnType<Endpoints['deliveries']>>;

export function showDeliveries({ items, hasMore }: Deliveries): z.output<typeof deliveryList> {
  return {
    object: 'list',
    data: items.map(showDelivery),
    first_id: items[0]?.id ?? null,
    last_id: items.at(-1)?.id ?? null,
    has_more: hasMore,
  };
}

export function showTest({ status, problem, ms }: TestOutcome): z.output<typeof testOutcome> {
  return { object: 'webhook_test', delivered: problem === null, status, problem, ms };
}
