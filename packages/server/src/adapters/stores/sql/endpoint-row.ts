import type { Insertable, Selectable } from 'kysely';
import type { Delivery } from '../../../domain/delivery.ts';
import type { Endpoint } from '../../../domain/endpoint.ts';
import type { DeliveryTable, EndpointTable } from './schema.ts';

type EndpointBody = Omit<Endpoint, 'id' | 'owner' | 'kind' | 'createdAt' | 'disabledAt'>;
type DeliveryBody = Pick<Delivery, 'type' | 'url' | 'tries' | 'log' | 'happenedAt'>;

/** Domain → row. */
export function endpointRowOf({
  id,
  owner,
  kind,
  createdAt,
  disabledAt,
  ...rest
}: Endpoint): Insertable<EndpointTable> {
  const body: EndpointBody = rest;
  return { id, owner, kind, created_at: createdAt, disabled_at: disabledAt, body: JSON.stringify(body) };
}

/** Row → domain. */
export function endpointOf(row: Selectable<EndpointTable>): Endpoint {
  const body = JSON.parse(row.body) as EndpointBody;
  return {
    id: row.id,
    owner: row.owner,
    kind: row.kind,
    createdAt: row.created_at,
    disabledAt: row.disabled_at,
    ...body,
  };
}

/** Domain → row. */
export function deliveryRowOf(delivery: Delivery): Insertable<DeliveryTable> {
  const { id, endpoint, video, version, owner, state, dueAt, createdAt, type, url, tries, log, happenedAt } = delivery;
  const body: DeliveryBody = { type, url, tries, log, happenedAt };
  return {
    id,
    endpoint,
    video,
    version,
    owner,
    state,
    due_at: dueAt,
    created_at: createdAt,
    body: JSON.stringify(body),
  };
}

/** Row → domain. */
export function deliveryOf(row: Selectable<DeliveryTable>): Delivery {
  const body = JSON.parse(row.body) as DeliveryBody;
  return {
    id: row.id,
    endpoint: row.endpoint,
    owner: row.owner,
    video: row.video,
    version: row.version,
    state: row.state,
    createdAt: row.created_at,
    dueAt: row.due_at,
    ...body,
  };
}
