import { errorFrom } from './error.ts';
import { plain } from './images.ts';
import { queryOf, read } from './read.ts';
import type { CallOptions, Transport } from './transport.ts';
import type { DeletedFile, FileObject, ListObject } from './wire.ts';

export interface UploadFile {
  readonly filename?: string;
  /** A word of yours, given back. */
  readonly purpose?: string;
  /** Removes it so long after its upload; absent: as the server is set. */
  readonly expiresAfterSeconds?: number;
}

export interface ListFiles {
  readonly limit?: number;
  readonly after?: string;
  readonly order?: 'asc' | 'desc';
}

/** Pictures uploaded once; write the id into `images`. */
export interface FilesClient {
  upload(picture: Blob | Uint8Array, options?: UploadFile & CallOptions): Promise<FileObject>;
  retrieve(id: string, options?: CallOptions): Promise<FileObject>;
  /** All your files, page by page as they are asked for. */
  list(query?: ListFiles, options?: CallOptions): AsyncIterable<FileObject>;
  /** The picture. */
  content(id: string, options?: CallOptions): Promise<Response>;
  delete(id: string, options?: CallOptions): Promise<DeletedFile>;
}

export function filesClient(send: Transport): FilesClient {
  const page = async (query: ListFiles, { signal }: CallOptions): Promise<ListObject<FileObject>> => {
    return read(await send({ method: 'GET', path: `/v1/files${queryOf(query)}`, signal }));
  };
  return {
    async upload(picture, { signal, filename, purpose, expiresAfterSeconds } = {}) {
      const body = () => {
        const form = new FormData();
        if (purpose !== undefined) form.append('purpose', purpose);
        if (expiresAfterSeconds !== undefined) {
          form.append('expires_after[anchor]', 'created_at');
          form.append('expires_after[seconds]', String(expiresAfterSeconds));
        }
        const named = picture instanceof Blob && 'name' in picture ? String(picture.name) : 'picture';
        form.append('file', picture instanceof Blob ? picture : new Blob([plain(picture)]), filename ?? named);
        return form;
      };
      return read(await send({ method: 'POST', path: '/v1/files', body, signal }));
    },
    async retrieve(id, { signal } = {}) {
      return read(await send({ method: 'GET', path: pathOf(id), signal }));
    },
    async *list(query = {}, options = {}) {
      let next: ListFiles | undefined = query;
      while (next !== undefined) {
        const { data, has_more: more, last_id: last } = await page(next, options);
        yield* data;
        next = more && last !== null ? { ...query, after: last } : undefined;
      }
    },
    async content(id, { signal } = {}) {
      return (await send({ method: 'GET', path: `${pathOf(id)}/content`, unbounded: true, signal })).response;
    },
    async delete(id, { signal } = {}) {
      // Sent again after its answer was lost, a delete that worked finds nothing any more.
      const answered = await send({ method: 'DELETE', path: pathOf(id), also: 404, signal });
      if (answered.response.status !== 404) return read(answered);
      if (answered.requests > 1) return { id, object: 'file', deleted: true };
      throw await errorFrom(answered.response);
    },
  };
}

function pathOf(id: string): string {
  return `/v1/files/${encodeURIComponent(id)}`;
}
