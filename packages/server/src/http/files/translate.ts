import type { FileObject, ListObject } from '@inbetween/client';
import { Fault } from '../../domain/fault.ts';
import type { StoredFile } from '../../domain/file.ts';
import { readFrameText } from '../../domain/frame.ts';
import { readFileId } from '../../domain/id.ts';
import type { FileAsk, Files } from '../../service/files.ts';
import type { PostedBody } from '../bodies.ts';
import { echo } from '../errors.ts';
import { read } from '../validation.ts';
import { fileBody, fileQuery } from './schema.ts';

/** The most that one page holds. */
const PAGE_MAX = 1_000;

/** Reads an upload, whichever way it was sent. @throws Fault that names the field */
export async function readUpload(body: PostedBody): Promise<FileAsk> {
  if (body.kind === 'form') return readForm(body.form);
  const { file, filename, purpose, expires_after: after } = read(fileBody, body.value);
  const frame = readFrameText(file, 'file');
  if (frame.kind !== 'bytes') {
    throw new Fault('invalid_request', 'file must be a data: URL or base64 of a picture.', { param: 'file' });
  }
  return { bytes: frame.bytes, filename, purpose, lifeMs: lifeOf(after?.seconds), param: 'file' };
}

async function readForm(form: FormData): Promise<FileAsk> {
  const file = form.get('file');
  if (!(file instanceof File)) {
    throw new Fault('missing_field', 'file is required: the picture as a file part of the form.', { param: 'file' });
  }
  const text = (name: string) => {
    const value = form.get(name);
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const seconds = text('expires_after[seconds]');
  return {
    bytes: await file.bytes(),
    // A part without a name of its own is called `blob` by the platform.
    filename: text('filename') ?? (file.name === 'blob' ? undefined : file.name),
    purpose: text('purpose'),
    lifeMs: lifeOf(seconds === undefined ? undefined : Number(seconds)),
    param: 'file',
  };
}

function lifeOf(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : Math.round(seconds * 1000);
}

/** Reads the query of a list. */
export function readFilePage(query: unknown): Parameters<Files['list']>[1] {
  const { limit, after, order } = read(fileQuery, query);
  const cursor = after === undefined ? undefined : readFileId(after);
  if (after !== undefined && cursor === undefined) {
    throw new Fault('invalid_request', `after: there is no file "${echo(after)}".`, { param: 'after' });
  }
  return { limit: Math.min(PAGE_MAX, Number(limit)), order, after: cursor };
}

/** A file as every call answers it. */
export function showFile({
  id,
  artifact,
  createdAt,
  expiresAt,
  filename,
  purpose,
  type,
  size,
}: StoredFile): FileObject {
  return {
    id,
    object: 'file',
    bytes: artifact.bytes,
    created_at: Math.floor(createdAt / 1000),
    expires_at: expiresAt === null ? null : Math.floor(expiresAt / 1000),
    filename,
    purpose,
    status: 'processed',
    type,
    width: size.width,
    height: size.height,
    sha256: artifact.sha256,
  };
}

/** A page of files. */
export function showFiles(files: readonly StoredFile[], hasMore: boolean): ListObject<FileObject> {
  return {
    object: 'list',
    data: files.map(showFile),
    first_id: files[0]?.id ?? null,
    last_id: files.at(-1)?.id ?? null,
    has_more: hasMore,
  };
}
