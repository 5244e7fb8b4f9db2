import type { DeletedFile, FileObject, ListObject } from '@inbetween/client';
import type { FastifyRequest } from 'fastify';
import type { PostedBody } from '../bodies.ts';
import { sendFile } from '../content.ts';
import type { DialectName } from '../dialect-name.ts';
import { unsupportedType } from '../errors.ts';
import { jsonAnswer } from '../json-answer.ts';
import type { AppParts } from '../parts.ts';
import type { Route } from '../route.ts';
import { deletedFile, fileBody, fileFormDoc, fileList, fileObject, filePath, fileQuery } from './schema.ts';
import { readFilePage, readUpload, showFile, showFiles } from './translate.ts';

/**
 * Uploaded pictures, the same in every dialect that has them.
 *
 * @param prefix where the dialect is mounted, such as `/v1`
 * @param idPrefix goes before the operations' names in the description, so that no two are called the same
 */
export function fileRoutes(parts: AppParts, dialect: DialectName, prefix: string, idPrefix = ''): readonly Route[] {
  const { files } = parts;
  const common = { dialect, body: 'none' } as const;
  const idOf = (name: string) => (idPrefix === '' ? name : `${idPrefix}${name[0]?.toUpperCase()}${name.slice(1)}`);
  return [
    {
      ...common,
      method: 'POST',
      path: `${prefix}/files`,
      access: 'videos:create',
      body: 'posted',
      doc: {
        id: idOf('uploadFile'),
        summary: 'Upload a picture',
        description: 'Once uploaded, its id stands for the picture in `images`. A video keeps a copy of its own.',
        body: { 'multipart/form-data': { schema: fileFormDoc }, 'application/json': { schema: fileBody } },
        answers: { 200: jsonAnswer(fileObject, 'The file.') },
        faults: [
          'invalid_request',
          'invalid_json',
          'missing_field',
          'invalid_image',
          'image_too_large',
          'request_too_large',
          'unsupported_media_type',
          'overloaded',
          'storage_full',
        ],
      },
      async answer(request, _reply, caller): Promise<FileObject> {
        const body = request.body as PostedBody | undefined;
        if (body === undefined) throw unsupportedType('The request has no body.');
        return showFile(await files.upload(caller, await readUpload(body)));
      },
    },
    {
      ...common,
      method: 'GET',
      path: `${prefix}/files`,
      access: 'videos:read',
      doc: {
        id: idOf('listFiles'),
        summary: 'List your files',
        query: fileQuery,
        answers: { 200: jsonAnswer(fileList, 'A page, newest first unless asked otherwise.') },
        faults: ['invalid_request'],
      },
      async answer(request, _reply, caller): Promise<ListObject<FileObject>> {
        const { items, hasMore } = await files.list(caller, readFilePage(request.query));
        return showFiles(items, hasMore);
      },
    },
    {
      ...common,
      method: 'GET',
      path: `${prefix}/files/:file`,
      access: 'videos:read',
      doc: {
        id: idOf('retrieveFile'),
        summary: 'One file',
        path: filePath,
        answers: { 200: jsonAnswer(fileObject, 'The file.') },
        faults: ['not_found'],
      },
      answer: async (request, _reply, caller): Promise<FileObject> =>
        showFile(await files.find(caller, named(request))),
    },
    {
      ...common,
      method: 'GET',
      path: `${prefix}/files/:file/content`,
      access: 'videos:read',
      doc: {
        id: idOf('downloadFile'),
        summary: 'Download a file',
        path: filePath,
        answers: {
          200: { description: 'The picture as it was uploaded.', content: { 'image/png': { schema: 'binary' } } },
        },
        faults: ['not_found', 'range_not_satisfiable', 'content_expired'],
      },
      async answer(request, reply, caller) {
        const file = await files.find(caller, named(request));
        return sendFile(
          request,
          reply,
          {
            artifact: file.artifact,
            modifiedAt: file.createdAt,
            name: file.id,
            subject: file.id,
            open: (range, signal) => files.open(file, range, signal),
          },
          parts.log,
        );
      },
    },
    {
      ...common,
      method: 'DELETE',
      path: `${prefix}/files/:file`,
      access: 'videos:delete',
      body: 'ignored',
      doc: {
        id: idOf('deleteFile'),
        summary: 'Delete a file',
        description: 'Videos that were made from it keep their frames.',
        path: filePath,
        answers: { 200: jsonAnswer(deletedFile, 'It is gone.') },
        faults: ['not_found'],
      },
      async answer(request, _reply, caller): Promise<DeletedFile> {
        const id = named(request);
        await files.delete(caller, id);
        return { id, object: 'file', deleted: true };
      },
    },
  ];
}

function named(request: FastifyRequest): string {
  return (request.params as { readonly file?: string }).file ?? '';
}
