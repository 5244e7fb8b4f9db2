import { FormData } from 'undici';
import type { Frames } from '../../../domain/frame.ts';
import type { PeerRequest } from '../remote/peer-http.ts';
import { handOver, type SharedFolder } from './shared-folder.ts';

/** The two ways to hand LightX2V a task. */

export type Fields = Readonly<Record<string, string | number>>;

/** Both frames in one form. */
export function formRequest(fields: Fields, frames: Frames<Uint8Array>): PeerRequest {
  const form = new FormData();
  form.set('image_file', picture(frames.first), 'first.png');
  form.set('last_frame_file', picture(frames.last), 'last.png');
  for (const [name, value] of Object.entries(fields)) form.set(name, String(value));
  return { method: 'POST', path: '/v1/tasks/video/form', body: { form } };
}

/** Both frames as files that the server opens itself, and a task of our id. */
export async function fileRequest(
  fields: Fields,
  frames: Frames<Uint8Array>,
  uuid: string,
  shared: SharedFolder,
): Promise<PeerRequest> {
  const seen = await handOver(shared, uuid, frames);
  const json = { ...fields, task_id: uuid, image_path: seen.first, last_frame_path: seen.last };
  // Without the slash at its end it is redirected, and a redirect is not followed.
  return { method: 'POST', path: '/v1/tasks/video/', body: { json } };
}

const picture = (png: Uint8Array) => new Blob([new Uint8Array(png)], { type: 'image/png' });
