import { z } from 'zod';
import type { FaultCode } from '../../../domain/fault.ts';
import { jsonAnswer } from '../../json-answer.ts';
import type { RouteDoc } from '../../route.ts';
import { deletedVideo, modelList, modelObject, videoList, videoObject } from './objects.ts';
import { quoteObject } from './quote.ts';
import {
  createHeaders,
  createQuery,
  createVideoBody,
  createVideoFormDoc,
  listQuery,
  modelPath,
  signature,
  signedQuery,
  videoPath,
  waitHeaders,
  waitQuery,
} from './schema.ts';

/** How the routes of the native dialect are described in `/openapi.json`. */

const NOT_THERE = ['not_found'] as const satisfies readonly FaultCode[];

/** The example of the API page this project implements. */
const seedExample = {
  model: 'wan2.2-kf2v-flash',
  images: ['https://example.com/first-frame.png', 'https://example.com/last-frame.png'],
  prompt: 'Realistic style, a black kitten curiously looking at the sky, camera moving up from eye level to top-down',
  seconds: '5',
  size: '720P',
  prompt_extend: true,
};

export const docs = {
  create: {
    id: 'createVideo',
    summary: 'Make a video from a first and a last frame',
    description:
      'Everything that can be checked without the network is checked before the answer; when it arrives, the video is ' +
      'stored and will reach a final status. Fields that are not known are ignored and named in `metadata.warnings`.',
    query: createQuery,
    headers: createHeaders,
    body: {
      'application/json': {
        schema: createVideoBody,
        examples: {
          seed: seedExample,
          offline: { model: 'wan2.2-kf2v-flash', images: ['sample_first', 'sample_last'] },
        },
      },
      'multipart/form-data': { schema: createVideoFormDoc },
    },
    answers: {
      200: jsonAnswer(
        z.union([videoObject, quoteObject]),
        'The video: accepted, or found again under its Idempotency-Key. With `dry_run=true` what it would be.',
        {
          'Idempotency-Replayed': '`true` when the key was used before and nothing new was made.',
          Location: 'Where the video is retrieved.',
        },
      ),
    },
    faults: [
      'invalid_request',
      'invalid_json',
      'missing_field',
      'unknown_model',
      'unsupported_size',
      'invalid_image',
      'image_too_large',
      'url_not_allowed',
      'request_too_large',
      'unsupported_media_type',
      'idempotency_mismatch',
      'insufficient_balance',
      'queue_full',
      'too_many_queued',
      'rate_limited',
      'overloaded',
      'backend_unavailable',
      'storage_full',
      'storage_unavailable',
    ],
  },
  list: {
    id: 'listVideos',
    summary: 'List your videos',
    query: listQuery,
    answers: { 200: jsonAnswer(videoList, 'A page, newest first unless asked otherwise.') },
    faults: ['invalid_request'],
  },
  retrieve: {
    id: 'retrieveVideo',
    summary: 'How a video is doing',
    path: videoPath,
    description:
      'With `wait` the answer comes as soon as the status changes, at the latest after that many seconds. Together with ' +
      '`If-None-Match` it waits only while you know the latest version, and answers 304 when nothing has happened.',
    query: waitQuery,
    headers: waitHeaders,
    answers: {
      200: jsonAnswer(videoObject, 'The video as it is now.', {
        ETag: 'Changes with the video and with its signed addresses.',
        'Retry-After': 'Seconds until it is worth asking again, from measured times; absent in a final status.',
        'openai-poll-after-ms': 'The same in milliseconds.',
        'Preference-Applied': 'The wait that was heeded, when it was asked for by `Prefer`.',
      }),
      304: { description: 'Nothing changed.' },
    },
    faults: ['invalid_request', 'not_found', 'overloaded'],
  },
  events: {
    id: 'watchVideo',
    summary: "A video's life as server-sent events",
    description:
      'Each message is the video object, as a retrieve answers it; its id is `<video id>:<version>`. The first comes at ' +
      'once, the stream ends after a final status, and a line without meaning comes every 15 seconds. Sent back as ' +
      '`Last-Event-ID`, the id of the last message keeps it from being repeated; when there will be no other, the answer ' +
      'is 204. A video deleted meanwhile ends the stream with `{id, object: "video.deleted", deleted: true}`. Opened by a ' +
      'key, or without one by `metadata.events_url`.',
    path: videoPath,
    query: signature,
    headers: z.object({ 'Last-Event-ID': z.string().optional() }),
    answers: {
      200: { description: 'The stream.', content: { 'text/event-stream': { schema: z.string() } } },
      204: { description: 'It is finished, and you know.' },
    },
    faults: ['invalid_signature', 'not_found', 'overloaded'],
  },
  content: {
    id: 'downloadVideo',
    summary: 'Download a file of a video',
    description: 'Opened by a key, or without one by a signed address as it stands in `url`.',
    path: videoPath,
    query: signedQuery,
    headers: z.object({ Range: z.string().optional().meta({ example: 'bytes=0-1023' }) }),
    answers: {
      200: {
        description: 'The whole file.',
        content: {
          'video/mp4': { schema: 'binary' },
          'image/webp': { schema: 'binary' },
          'image/png': { schema: 'binary' },
        },
        headers: { ETag: 'SHA-256 of the file.', 'Accept-Ranges': '`bytes`' },
      },
      302: { description: 'Where the file is, when the operator lets the storage answer itself (`S3_LINKS`).' },
      206: {
        description: 'One range of the file.',
        content: { 'video/mp4': { schema: 'binary' } },
        headers: { 'Content-Range': 'Which bytes of how many.' },
      },
      304: { description: 'Nothing changed.' },
    },
    faults: [
      'invalid_request',
      'invalid_signature',
      'not_found',
      'video_not_ready',
      'no_content',
      'content_expired',
      'range_not_satisfiable',
    ],
  },
  cancel: {
    id: 'cancelVideo',
    summary: 'Stop a video that is not finished',
    path: videoPath,
    answers: { 200: jsonAnswer(videoObject, 'The cancelled video, also when it was cancelled before.') },
    faults: ['not_found', 'already_finished'],
  },
  delete: {
    id: 'deleteVideo',
    summary: 'Delete a video and all that was sent for it',
    description: 'A video that is not finished is cancelled first.',
    path: videoPath,
    answers: { 200: jsonAnswer(deletedVideo, 'It is gone.') },
    faults: NOT_THERE,
  },
  models: {
    id: 'listModels',
    summary: 'The models, and what makes their videos here',
    answers: { 200: jsonAnswer(modelList, 'All models.') },
    faults: [],
  },
  model: {
    id: 'retrieveModel',
    summary: 'One model',
    path: modelPath,
    answers: { 200: jsonAnswer(modelObject, 'The model.') },
    faults: NOT_THERE,
  },
} as const satisfies Record<string, RouteDoc>;
