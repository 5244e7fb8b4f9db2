import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { Fault } from '../../../domain/fault.ts';
import { readVideoId } from '../../../domain/id.ts';
import { isTerminal } from '../../../domain/video.ts';
import type { SubmitAsk } from '../../../service/submit.ts';
import type { PostedBody } from '../../bodies.ts';
import { sendContent } from '../../content.ts';
import { echo, unsupportedType } from '../../errors.ts';
import { fileRoutes } from '../../files/routes.ts';
import { readForm } from '../../form.ts';
import { jsonAnswer } from '../../json-answer.ts';
import type { AppParts } from '../../parts.ts';
import { pollHeaders } from '../../poll-headers.ts';
import type { Route } from '../../route.ts';
import { read } from '../../validation.ts';
import { videoAddresses } from '../../video-addresses.ts';
import {
  contentQuery,
  createBody,
  createFormDoc,
  listQuery,
  type OpenaiList,
  type OpenaiVideo,
  openaiDeleted,
  openaiList,
  openaiModels,
  openaiVideo,
  videoPath,
} from './schema.ts';
import { IMAGE_PARTS, REMIX_REFUSAL, readCreate, readRepeat, showList, showVideo } from './translate.ts';

const EXAMPLE = { model: 'wan2.2-kf2v-flash', prompt: 'the camera moves', images: ['sample_first', 'sample_last'] };

/** The OpenAI Videos API: its official SDKs work with nothing changed but their base URL. */
export function openaiRoutes(parts: AppParts, mount: string): readonly Route[] {
  const since = Math.floor(parts.clock.now() / 1000);
  const { videos } = parts;
  const { url } = videoAddresses(parts);
  const common = { dialect: 'openai', body: 'none' } as const;
  const models = () => parts.models().map(({ model }) => model.name);

  async function readAsk(request: FastifyRequest): Promise<SubmitAsk> {
    const body = request.body as PostedBody | undefined;
    if (body === undefined) throw unsupportedType('The request has no body.');
    const value = body.kind === 'json' ? body.value : await readForm(body.form, IMAGE_PARTS);
    const { 'idempotency-key': key, 'x-stainless-retry-count': retries } = request.headers;
    return {
      ...readCreate(value, { first: models()[0] ?? '', aliases: parts.modelAliases }),
      idempotencyKey: Array.isArray(key) ? key.join(', ') : key,
      repeat: readRepeat(retries),
    };
  }

  return [
    {
      ...common,
      method: 'POST',
      path: `${mount}/videos`,
      access: 'videos:create',
      body: 'posted',
      doc: {
        id: 'openaiCreateVideo',
        summary: 'Create a video',
        description:
          'For the official OpenAI SDKs. A request that says it is a retry (`X-Stainless-Retry-Count` of 1 or more) and ' +
          'equals one of the last 10 minutes is answered with the video of that one.',
        body: {
          'multipart/form-data': { schema: createFormDoc },
          'application/json': { schema: createBody, examples: { offline: EXAMPLE } },
        },
        answers: { 200: jsonAnswer(openaiVideo, 'The video.') },
        faults: [
          'invalid_request',
          'missing_field',
          'unknown_model',
          'unsupported_size',
          'invalid_image',
          'request_too_large',
          'idempotency_mismatch',
          'storage_full',
        ],
      },
      async answer(request, reply, caller): Promise<OpenaiVideo> {
        const { video, replayed } = await videos.submit(caller, await readAsk(request));
        reply.headers(pollHeaders(videos.lookAgainMs(video)));
        if (replayed) reply.header('idempotency-replayed', 'true');
        return showVideo(video, url);
      },
    },
    {
      ...common,
      method: 'GET',
      path: `${mount}/videos`,
      access: 'videos:read',
      doc: {
        id: 'openaiListVideos',
        summary: 'List videos',
        query: listQuery,
        answers: { 200: jsonAnswer(openaiList, 'A page.') },
        faults: ['invalid_request'],
      },
      async answer(request, _reply, caller): Promise<OpenaiList> {
        const { limit, after, order } = read(listQuery, request.query);
        const cursor = after === undefined ? undefined : readVideoId(after);
        if (after !== undefined && cursor === undefined) {
          throw new Fault('invalid_request', `after: there is no video "${echo(after)}".`, { param: 'after' });
        }
        // A page of nothing is asked for by those who only want to know whether they may.
        if (limit === '0') return showList([], false, url);
        const { items, hasMore } = await videos.list(caller, { limit: Number(limit), order, after: cursor });
        return showList(items, hasMore, url);
      },
    },
    {
      ...common,
      method: 'GET',
      path: `${mount}/videos/:id`,
      access: 'videos:read',
      doc: {
        id: 'openaiRetrieveVideo',
        summary: 'Retrieve a video',
        path: videoPath,
        answers: {
          200: {
            ...jsonAnswer(openaiVideo, 'The video.'),
            headers: { 'openai-poll-after-ms': 'When to look again, from measured times.' },
          },
        },
        faults: ['not_found'],
      },
      async answer(request, reply, caller): Promise<OpenaiVideo> {
        const video = await videos.find(caller, idOf(request));
        if (!isTerminal(video.status)) reply.headers(pollHeaders(videos.lookAgainMs(video)));
        return showVideo(video, url);
      },
    },
    {
      ...common,
      method: 'DELETE',
      path: `${mount}/videos/:id`,
      access: 'videos:delete',
      body: 'ignored',
      doc: {
        id: 'openaiDeleteVideo',
        summary: 'Delete a video',
        path: videoPath,
        answers: { 200: jsonAnswer(openaiDeleted, 'It is gone.') },
        faults: ['not_found'],
      },
      async answer(request, _reply, caller): Promise<z.output<typeof openaiDeleted>> {
        const id = idOf(request);
        await videos.delete(caller, id);
        return { id, object: 'video.deleted', deleted: true };
      },
    },
    {
      ...common,
      method: 'GET',
      path: `${mount}/videos/:id/content`,
      access: 'videos:read',
      doc: {
        id: 'openaiDownloadVideo',
        summary: 'Download a video, its thumbnail or its spritesheet',
        path: videoPath,
        query: contentQuery,
        answers: {
          200: {
            description: 'The file.',
            content: { 'video/mp4': { schema: 'binary' }, 'image/webp': { schema: 'binary' } },
          },
        },
        faults: ['invalid_request', 'not_found', 'video_not_ready', 'no_content', 'content_expired'],
      },
      async answer(request, reply, caller) {
        const { variant } = read(contentQuery, request.query);
        const content = await videos.content(caller, idOf(request), variant);
        return sendContent(request, reply, content, variant, parts.log);
      },
    },
    {
      ...common,
      method: 'POST',
      path: `${mount}/videos/:id/remix`,
      access: 'videos:create',
      body: 'ignored',
      doc: {
        id: 'openaiRemixVideo',
        summary: 'Not offered',
        path: videoPath,
        answers: {},
        faults: ['not_supported', 'not_found'],
      },
      async answer(request, _reply, caller) {
        await videos.find(caller, idOf(request));
        throw new Fault('not_supported', REMIX_REFUSAL);
      },
    },
    {
      ...common,
      method: 'GET',
      path: `${mount}/models`,
      access: 'videos:read',
      doc: {
        id: 'openaiListModels',
        summary: 'List models',
        answers: { 200: jsonAnswer(openaiModels, 'All models, and the other names they have here.') },
        faults: [],
      },
      answer: (): z.output<typeof openaiModels> => ({
        object: 'list',
        data: [...models(), ...Object.keys(parts.modelAliases)].map((id) => ({
          id,
          object: 'model',
          created: since,
          owned_by: 'inbetween',
        })),
      }),
    },
    ...fileRoutes(parts, 'openai', mount, 'openai'),
  ];
}

function idOf(request: FastifyRequest): string {
  return (request.params as { readonly id?: string }).id ?? '';
}
