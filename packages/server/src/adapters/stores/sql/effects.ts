import type { Kysely, Selectable } from 'kysely';
import { owedFor } from '../../../domain/delivery.ts';
import type { VideoEvent } from '../../../domain/event.ts';
import type { OwnerId, VideoId } from '../../../domain/id.ts';
import type { Video } from '../../../domain/video.ts';
import type { Effects } from '../../../ports/store.ts';
import { compiledRead, compiledWrite } from './compiled.ts';
import type { SqlDialect } from './dialect.ts';
import { deliveryRowOf, endpointOf } from './endpoint-row.ts';
import type { EndpointTable, Tables } from './schema.ts';

/** Writes what goes with a video that was just written, under the version it was written as. */
export type WriteEffects = (transaction: Kysely<Tables>, video: Video, effects: Effects) => Promise<void>;

/** Prepares the writes that go with nearly every video; the rare ones are built when needed. */
export function effectsWriter(dialect: SqlDialect): WriteEffects {
  const insertEvent = compiledWrite(dialect, (database) =>
    database
      .insertInto('event')
      .values({ video: '' as VideoId, version: 0, owner: '' as OwnerId, type: 'video.pending', at: 0 }),
  );
  const insertInput = compiledWrite(dialect, (database) =>
    database.insertInto('frame_input').values({ video: '' as VideoId, role: 'first', bytes: new Uint8Array() }),
  );

  const selectEndpoints = compiledRead<Selectable<EndpointTable>>(dialect, (database) =>
    database
      .selectFrom('endpoint')
      .selectAll()
      .where('owner', '=', '' as OwnerId)
      .where('disabled_at', 'is', null),
  );

  /** Owed in the transaction that makes the fact: no crash comes between, and no reader of events can miss one. */
  async function owe(transaction: Kysely<Tables>, video: Video, event: VideoEvent): Promise<void> {
    if (event.type === 'video.progress') return;
    const endpoints = await selectEndpoints(transaction, video.owner);
    if (endpoints.length === 0) return;
    const owed = owedFor(video, event, endpoints.map(endpointOf));
    if (owed.length > 0) await transaction.insertInto('delivery').values(owed.map(deliveryRowOf)).execute();
  }

  return async (transaction, video, effects) => {
    const { id, owner, version } = video;
    const { event, inputs = [] } = effects;
    if (event !== undefined) {
      await insertEvent(transaction, id, version, owner, event.type, event.at);
      await owe(transaction, video, event);
    }
    for (const { role, bytes } of inputs) await insertInput(transaction, id, role, bytes);
    if (effects.priority !== undefined)
      await transaction.updateTable('video').set({ priority: effects.priority }).where('id', '=', id).execute();
    if (effects.dropInputs === true) await transaction.deleteFrom('frame_input').where('video', '=', id).execute();
    if (effects.freeSlot === true) await transaction.deleteFrom('backend_slot').where('video', '=', id).execute();
  };
}
