import type { CreateVideoBody } from './wire.ts';

/** A picture: an http(s) or `data:` URL, base64, a name such as `<video id>:output_last_frame`, or its bytes. */
export type ImageInput = string | Blob | Uint8Array;

/** The ask as a program has it: the wire's fields, and pictures in any form. */
export interface CreateVideo extends Omit<CreateVideoBody, 'images'> {
  /** First frame, last frame. */
  readonly images: readonly [first: ImageInput, last: ImageInput];
}

/** Texts alone travel as JSON; bytes travel as a form, a third smaller than as base64. */
export function encode(ask: CreateVideo): () => string | FormData {
  const { images, ...fields } = ask;
  if (images.every((image) => typeof image === 'string')) {
    const body = JSON.stringify(ask);
    return () => body;
  }
  return () => {
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) append(form, name, value);
    for (const image of images) {
      if (typeof image === 'string') form.append('images[]', image);
      else form.append('images[]', image instanceof Blob ? image : new Blob([plain(image)]), 'frame');
    }
    return form;
  };
}

function append(form: FormData, name: string, value: unknown): void {
  if (value === undefined || value === null) return;
  if (typeof value !== 'object') form.append(name, String(value));
  else for (const [key, entry] of Object.entries(value)) append(form, `${name}[${key}]`, entry);
}

/** A Blob wants bytes that no other thread can change. */
export function plain(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes.buffer instanceof ArrayBuffer ? (bytes as Uint8Array<ArrayBuffer>) : new Uint8Array(bytes);
}
