import type { Delivery } from '../../../domain/delivery.ts';
import type { EndpointId, OwnerId } from '../../../domain/id.ts';
import type { DeliveryPage, DeliveryWish, WebhookStore } from '../../../ports/webhooks.ts';
import type { SqlDialect } from './dialect.ts';
import { deliveryOf, deliveryRowOf, endpointOf, endpointRowOf } from './endpoint-row.ts';

/** Rows looked at for each one that is wanted: with the limit per endpoint, some are passed by. */
const LOOK_AHEAD = 4;

/** Endpoints and what they are owed. */
export function webhookStore(dialect: SqlDialect): WebhookStore {
  const { reader } = dialect;
  return {
    addEndpoint: (endpoint) =>
      dialect.write(async (transaction) => {
        await transaction.insertInto('endpoint').values(endpointRowOf(endpoint)).execute();
      }),
    ensureCallback: (fresh) =>
      dialect.write(async (transaction) => {
        await transaction
          .insertInto('endpoint')
          .values(endpointRowOf(fresh))
          .onConflict((conflict) => conflict.doNothing())
          .execute();
        const row = await transaction
          .selectFrom('endpoint')
          .selectAll()
          .where('owner', '=', fresh.owner)
          .where('kind', '=', 'callback')
          .executeTakeFirstOrThrow();
        return endpointOf(row);
      }),
    async endpoint(id, owner) {
      const row = await reader
        .selectFrom('endpoint')
        .selectAll()
        .where('id', '=', id)
        .$if(owner !== undefined, (query) => query.where('owner', '=', owner as OwnerId))
        .executeTakeFirst();
      return row === undefined ? undefined : endpointOf(row);
    },
    async endpoints(owner) {
      const rows = await reader
        .selectFrom('endpoint')
        .selectAll()
        .where('owner', '=', owner)
        .orderBy('created_at')
        .orderBy('id')
        .execute();
      return rows.map(endpointOf);
    },
    swapEndpoint: (previous, next) =>
      dialect.write(async (transaction) => {
        const known = endpointRowOf(previous);
        const { numUpdatedRows } = await transaction
          .updateTable('endpoint')
          .set(endpointRowOf(next))
          .where('id', '=', previous.id)
          .where('body', '=', known.body)
          .where('disabled_at', previous.disabledAt === null ? 'is' : '=', previous.disabledAt)
          .executeTakeFirst();
        return numUpdatedRows === 1n;
      }),
    removeEndpoint: (id, owner) =>
      dialect.write(async (transaction) => {
        const { numDeletedRows } = await transaction
          .deleteFrom('endpoint')
          .where('id', '=', id)
          .where('owner', '=', owner)
          .executeTakeFirst();
        return numDeletedRows === 1n;
      }),
    claim: (wish) => claim(dialect, wish),
    swap: (previous, next) =>
      dialect.write(async (transaction) => {
        const { state, due_at, body } = deliveryRowOf(next);
        const { numUpdatedRows } = await transaction
          .updateTable('delivery')
          .set({ state, due_at, body })
          .where('id', '=', previous.id)
          .where('state', '=', previous.state)
          .where('due_at', previous.dueAt === null ? 'is' : '=', previous.dueAt)
          .executeTakeFirst();
        return numUpdatedRows === 1n;
      }),
    async nextDue(after) {
      const row = await reader
        .selectFrom('delivery')
        .select('due_at')
        .where('due_at', '>', after)
        .orderBy('due_at')
        .orderBy('id')
        .limit(1)
        .executeTakeFirst();
      return row?.due_at ?? undefined;
    },
    async find(id, owner) {
      const row = await reader
        .selectFrom('delivery')
        .selectAll()
        .where('id', '=', id)
        .where('owner', '=', owner)
        .executeTakeFirst();
      return row === undefined ? undefined : deliveryOf(row);
    },
    list: (owner, page) => list(dialect, owner, page),
    async deliveredSince(endpoint, at) {
      const row = await reader
        .selectFrom('delivery')
        .select('id')
        .where('endpoint', '=', endpoint)
        .where('state', '=', 'delivered')
        .where('created_at', '>=', at)
        .limit(1)
        .executeTakeFirst();
      return row !== undefined;
    },
  };
}

function claim(dialect: SqlDialect, { now, limit, perEndpoint, until }: DeliveryWish): Promise<readonly Delivery[]> {
  return dialect.write(async (transaction) => {
    if (limit <= 0) return [];
    const rows = await transaction
      .selectFrom('delivery')
      .selectAll()
      .where('due_at', '<=', now)
      .orderBy('due_at')
      .orderBy('id')
      .limit(limit * LOOK_AHEAD)
      .$if(dialect.locksRows, (query) => query.forUpdate().skipLocked())
      .execute();
    const ofEndpoint = new Map<EndpointId, number>();
    const chosen = rows.filter(({ endpoint }) => {
      const count = (ofEndpoint.get(endpoint) ?? 0) + 1;
      ofEndpoint.set(endpoint, count);
      return count <= perEndpoint;
    });
    const claimed = chosen.slice(0, limit);
    if (claimed.length === 0) return [];
    await transaction
      .updateTable('delivery')
      .set({ due_at: until })
      .where(
        'id',
        'in',
        claimed.map(({ id }) => id),
      )
      .execute();
    return claimed.map((row) => deliveryOf({ ...row, due_at: until }));
  });
}

async function list({ reader }: SqlDialect, owner: OwnerId, page: DeliveryPage) {
  const { after, endpoint, video, state, limit } = page;
  const cursor =
    after === undefined
      ? undefined
      : await reader
          .selectFrom('delivery')
          .select(['id', 'created_at'])
          .where('id', '=', after)
          .where('owner', '=', owner)
          .executeTakeFirst();
  if (after !== undefined && cursor === undefined) return { items: [], hasMore: false };
  let query = reader.selectFrom('delivery').selectAll().where('owner', '=', owner);
  if (endpoint !== undefined) query = query.where('endpoint', '=', endpoint);
  if (video !== undefined) query = query.where('video', '=', video);
  if (state !== undefined) query = query.where('state', '=', state);
  if (cursor !== undefined) {
    query = query.where(({ or, and, eb }) =>
      or([
        eb('created_at', '<', cursor.created_at),
        and([eb('created_at', '=', cursor.created_at), eb('id', '<', cursor.id)]),
      ]),
    );
  }
  const rows = await query
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit + 1)
    .execute();
  return { items: rows.slice(0, limit).map(deliveryOf), hasMore: rows.length > limit };
}
