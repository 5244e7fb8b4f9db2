import type { FastifyRequest } from 'fastify';
import { isTerminal } from '../../../domain/video.ts';
import type { PostedBody } from '../../bodies.ts';
import { sendContent } from '../../content.ts';
import { unsupportedType } from '../../errors.ts';
import { jsonAnswer } from '../../json-answer.ts';
import type { AppParts } from '../../parts.ts';
import { pollHeaders } from '../../poll-headers.ts';
import type { Route } from '../../route.ts';
import { read } from '../../validation.ts';
import { videoAddresses } from '../../video-addresses.ts';
import { contentQuery, createBody, type OpenrouterVideo, openrouterVideo, videoPath } from './schema.ts';
import { type Addresses, OPENROUTER_ERRORS, readCreate, showVideo } from './translate.ts';

const frame = (url: string, frame_type: string) => ({ type: 'image_url', image_url: { url }, frame_type });
const EXAMPLE = {
  model: 'wan2.2-kf2v-flash',
  prompt: 'the camera moves',
  duration: 5,
  resolution: '480p',
  frame_images: [frame('sample_first', 'first_frame'), frame('sample_last', 'last_frame')],
};

/** OpenRouter's shape of a video API: create, poll, download. */
export function openrouterRoutes(parts: AppParts, mount: string): readonly Route[] {
  const { videos } = parts;
  const addresses: Addresses = {
    polling: (id) => `${mount}/videos/${id}`,
    content: (id) => `${parts.publicUrl().replace(/\/+$/, '')}${mount}/videos/${id}/content?index=0`,
    signed: videoAddresses(parts).url,
  };
  const common = { dialect: 'openrouter', body: 'none', errors: OPENROUTER_ERRORS } as const;

  return [
    {
      ...common,
      method: 'POST',
      path: `${mount}/videos`,
      access: 'videos:create',
      body: 'posted',
      doc: {
        id: 'openrouterCreateVideo',
        summary: 'Create a video',
        body: { 'application/json': { schema: createBody, examples: { offline: EXAMPLE } } },
        answers: { 202: jsonAnswer(openrouterVideo, 'The video.') },
        faults: ['invalid_request', 'missing_field', 'unknown_model', 'unsupported_size', 'invalid_image'],
      },
      async answer(request, reply, caller): Promise<OpenrouterVideo> {
        const body = request.body as PostedBody | undefined;
        if (body?.kind !== 'json') throw unsupportedType('A video is created with JSON.');
        const key = request.headers['idempotency-key'];
        const { video, replayed } = await videos.submit(caller, {
          ...readCreate(body.value, parts.modelAliases),
          idempotencyKey: Array.isArray(key) ? key.join(', ') : key,
        });
        reply.code(202).headers(pollHeaders(videos.lookAgainMs(video)));
        if (replayed) reply.header('idempotency-replayed', 'true');
        return showVideo(video, addresses);
      },
    },
    {
      ...common,
      method: 'GET',
      path: `${mount}/videos/:id`,
      access: 'videos:read',
      doc: {
        id: 'openrouterRetrieveVideo',
        summary: 'Retrieve a video',
        path: videoPath,
        answers: { 200: jsonAnswer(openrouterVideo, 'The video.') },
        faults: ['not_found'],
      },
      async answer(request, reply, caller): Promise<OpenrouterVideo> {
        const video = await videos.find(caller, idOf(request));
        if (!isTerminal(video.status)) reply.headers(pollHeaders(videos.lookAgainMs(video)));
        return showVideo(video, addresses);
      },
    },
    {
      ...common,
      method: 'GET',
      path: `${mount}/videos/:id/content`,
      access: 'videos:read',
      doc: {
        id: 'openrouterDownloadVideo',
        summary: 'Download a video',
        path: videoPath,
        query: contentQuery,
        answers: { 200: { description: 'The file.', content: { 'video/mp4': { schema: 'binary' } } } },
        faults: ['invalid_request', 'not_found', 'video_not_ready', 'no_content', 'content_expired'],
      },
      async answer(request, reply, caller) {
        read(contentQuery, request.query);
        const content = await videos.content(caller, idOf(request), 'video');
        return sendContent(request, reply, content, 'video', parts.log);
      },
    },
  ];
}

function idOf(request: FastifyRequest): string {
  return (request.params as { readonly id?: string }).id ?? '';
}
