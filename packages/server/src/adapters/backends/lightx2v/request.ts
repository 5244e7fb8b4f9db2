import { writeFile } from 'node:fs/promises';
import { FormData } from 'undici';
import type { Frames } from '../../../domain/frame.ts';
import type { PeerRequest } from '../remote/peer-http.ts';
import { notSetUp } from '../self-hosted.ts';

/** The two ways to hand LightX2V a task. */

export type Fields = Readonly<Record<string, string | number>>;

/** A folder of this machine, and its path on the server's. */
export interface SharedFolder {
  readonly here: string;
  readonly there: string;
}

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
  { here, there }: SharedFolder,
): Promise<PeerRequest> {
  const [written, seen] = [handedOver(here, uuid), handedOver(there, uuid)];
  try {
    await Promise.all([writeFile(written.first, frames.first), writeFile(written.last, frames.last)]);
  } catch (error) {
    throw notSetUp(`frames cannot be written to the shared folder ${here}`, error);
  }
  const json = { ...fields, task_id: uuid, image_path: seen.first, last_frame_path: seen.last };
  // Without the slash at its end it is redirected, and a redirect is not followed.
  return { method: 'POST', path: '/v1/tasks/video/', body: { json } };
}

/** Where the frames of a task lie in the shared folder until its video is fetched. */
export function handedOver(folder: string, uuid: string): Frames<string> {
  const path = (role: string) => `${folder}/inbetween-${uuid}-${role}.png`;
  return { first: path('first'), last: path('last') };
}

const picture = (png: Uint8Array) => new Blob([new Uint8Array(png)], { type: 'image/png' });
