import type { Kysely } from 'kysely';
import type { Video } from '../../../domain/video.ts';
import type { Effects } from '../../../ports/store.ts';
import type { Tables } from './schema.ts';

/** Writes what goes with a video that was just written, under the version it was written as. */
export async function writeEffects(transaction: Kysely<Tables>, video: Video, effects: Effects): Promise<void> {
  const { id, owner, version } = video;
  const { event, inputs = [], ledger = [] } = effects;
  if (event !== undefined) {
    await transaction
      .insertInto('event')
      .values({ video: id, version, owner, type: event.type, at: event.at })
      .execute();
  }
  if (inputs.length > 0) {
    await transaction
      .insertInto('frame_input')
      .values(inputs.map(({ role, bytes }) => ({ video: id, role, bytes })))
      .execute();
  }
  if (ledger.length > 0) {
    await transaction
      .insertInto('ledger_entry')
      .values(
        ledger.map(({ kind, microUnits, at }, n) => ({
          video: id,
          version,
          n,
          owner,
          kind,
          micro_units: microUnits,
          at,
        })),
      )
      .execute();
  }
  if (effects.dropInputs === true) await transaction.deleteFrom('frame_input').where('video', '=', id).execute();
  if (effects.freeSlot === true) await transaction.deleteFrom('backend_slot').where('video', '=', id).execute();
}
