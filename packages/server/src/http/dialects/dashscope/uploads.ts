import { randomUUID } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { Fault } from '../../../domain/fault.ts';
import { PICTURE_LIMITS } from '../../../domain/frame.ts';
import { type OwnerId, readOwnerId } from '../../../domain/id.ts';
import type { PostedBody } from '../../bodies.ts';
import { unsupportedType } from '../../errors.ts';
import type { AppParts } from '../../parts.ts';
import type { Route } from '../../route.ts';
import { read } from '../../validation.ts';
import { DASHSCOPE_ERRORS } from './faults.ts';
import { type UploadPolicy, uploadPath, uploadPolicy, uploadQuery } from './schema.ts';

/** As long as DashScope keeps an upload. */
const UPLOAD_LIFE_MS = 48 * 3_600_000;
/** How long a policy lets a file be uploaded. */
const POLICY_LIFE_S = 3_600;
/** What a signature for an upload is good for: a file of this size at most, at the address that it is for. */
const UPLOAD = `upload of ${PICTURE_LIMITS.maxBytes} bytes`;

/** Local files of the SDK: it asks for a policy, posts the file to the address that it names, and uses `oss://<key>`. */
export function uploadRoutes({ files, signer, clock, publicUrl }: AppParts): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/api/v1/uploads',
      access: 'videos:create',
      dialect: 'dashscope',
      body: 'none',
      errors: DASHSCOPE_ERRORS,
      doc: {
        id: 'dashscopeGetUploadPolicy',
        summary: 'Where to upload a local file',
        query: uploadQuery,
        answers: { 200: { description: 'The policy.', content: { 'application/json': { schema: uploadPolicy } } } },
        faults: ['invalid_request'],
      },
      answer(request, _reply, { owner }): UploadPolicy {
        read(uploadQuery, request.query);
        const folder = randomUUID().replaceAll('-', '');
        const path = pathOf(owner, folder);
        const until = Math.floor(clock.now() / 1000) + POLICY_LIFE_S;
        const query = signer.signUntil(path, UPLOAD, until);
        const policy = {
          expiration: new Date(until * 1000).toISOString(),
          conditions: [
            ['starts-with', '$key', `${keyOf(owner, folder)}/`],
            ['content-length-range', 1, PICTURE_LIMITS.maxBytes],
          ],
        };
        return {
          request_id: request.id,
          data: {
            policy: Buffer.from(JSON.stringify(policy)).toString('base64'),
            // What is checked stands in the address, where it can be checked before the file is read.
            signature: new URLSearchParams(query).get('sig') ?? '',
            upload_dir: keyOf(owner, folder),
            upload_host: `${publicUrl().replace(/\/+$/, '')}${path}?${query}`,
            expire_in_seconds: POLICY_LIFE_S,
            max_file_size_mb: Math.floor(PICTURE_LIMITS.maxBytes / 1_000_000),
            capacity_limit_mb: 999_999,
            oss_access_key_id: 'inbetween',
            x_oss_object_acl: 'private',
            x_oss_forbid_overwrite: 'true',
          },
        };
      },
    },
    {
      method: 'POST',
      path: '/api/v1/uploads/:owner/:folder',
      access: 'signed',
      dialect: 'dashscope',
      body: 'posted',
      errors: DASHSCOPE_ERRORS,
      verify(request) {
        const { owner, folder } = namesOf(request);
        signer.verify(pathOf(owner, folder), UPLOAD, request.query ?? {}, clock.now());
      },
      doc: {
        id: 'dashscopeUpload',
        summary: 'Upload a local file',
        path: uploadPath,
        description:
          'The address that the policy names; its signature is the permission. A form as Alibaba OSS takes it.',
        answers: { 200: { description: 'It is stored for 48 hours, as `oss://<key>`.' } },
        faults: ['invalid_request', 'invalid_image', 'image_too_large', 'request_too_large', 'not_found'],
      },
      async answer(request, reply, caller) {
        // A key alone does not say where a file may go; the policy's address does.
        if (caller !== 'signed')
          throw new Fault('not_found', 'Post to the address that the upload policy names, as it is.');
        const { owner, folder } = namesOf(request);
        const { key, file } = readUpload(request.body as PostedBody | undefined, keyOf(owner, folder));
        const stored = await files.uploadAs(owner, key, {
          bytes: await file.bytes(),
          filename: key.slice(key.lastIndexOf('/') + 1).slice(0, 255),
          purpose: 'upload',
          lifeMs: UPLOAD_LIFE_MS,
          param: 'file',
        });
        if (stored === undefined)
          throw new Fault('idempotency_mismatch', 'FileAlreadyExists: use another name.', { param: 'key' });
        return reply.code(200).send();
      },
    },
  ];
}

function readUpload(body: PostedBody | undefined, folder: string): { readonly key: string; readonly file: File } {
  if (body?.kind !== 'form') throw unsupportedType('An upload is a form.');
  const key = body.form.get('key');
  if (typeof key !== 'string' || !key.startsWith(`${folder}/`) || key.length > 1_000) {
    throw new Fault('invalid_request', `key must be <upload_dir>/<name>, with the upload_dir of the policy.`, {
      param: 'key',
    });
  }
  const file = body.form.get('file');
  if (!(file instanceof File)) throw new Fault('missing_field', 'file is required: the picture.', { param: 'file' });
  return { key, file };
}

function namesOf(request: FastifyRequest): { readonly owner: OwnerId; readonly folder: string } {
  const { owner = '', folder = '' } = request.params as { readonly owner?: string; readonly folder?: string };
  const known = readOwnerId(owner);
  if (known === undefined || !/^[0-9a-f]{32}$/.test(folder))
    throw new Fault('invalid_signature', 'No policy names this address.');
  return { owner: known, folder };
}

const pathOf = (owner: OwnerId, folder: string) => `/api/v1/uploads/${owner}/${folder}`;
const keyOf = (owner: OwnerId, folder: string) => `inbetween/${owner}/${folder}`;
