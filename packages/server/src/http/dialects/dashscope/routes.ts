import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import type { Caller } from '../../../domain/api-key.ts';
import { Fault } from '../../../domain/fault.ts';
import type { Video } from '../../../domain/video.ts';
import type { PostedBody } from '../../bodies.ts';
import { unsupportedType } from '../../errors.ts';
import { jsonAnswer } from '../../json-answer.ts';
import type { AppParts } from '../../parts.ts';
import type { Route } from '../../route.ts';
import { videoAddresses } from '../../video-addresses.ts';
import { DASHSCOPE_ERRORS } from './faults.ts';
import { listTasks } from './list.ts';
import {
  cancelled,
  createBody,
  createdTask,
  listQuery,
  type TaskList,
  type TaskObject,
  taskList,
  taskObject,
  taskPath,
} from './schema.ts';
import { isPending, readCreate, showTask, unknownTask } from './translate.ts';
import { uploadRoutes } from './uploads.ts';

const [FIRST, LAST] = ['https://example.com/first.png', 'https://example.com/last.png'];
const MEDIA = [
  { type: 'first_frame', url: FIRST },
  { type: 'last_frame', url: LAST },
];
const EXAMPLES = {
  image2video: { model: 'wan2.2-kf2v-flash', input: { prompt: 'x', first_frame_url: FIRST, last_frame_url: LAST } },
  'video-generation': { model: 'wan2.2-kf2v-flash', input: { prompt: 'x', media: MEDIA } },
} as const;

/** Its own words for a task that is past cancelling. */
const NOT_PENDING = 'Failed to cancel the task, please confirm if the task is in PENDING status.';

/** DashScope's own paths: its SDK works with nothing changed but its base address. */
export function dashscopeRoutes(parts: AppParts, mount: string): readonly Route[] {
  const { videos, clock } = parts;
  const { url } = videoAddresses(parts);
  const common = { dialect: 'dashscope', body: 'none', errors: DASHSCOPE_ERRORS } as const;

  const create = (group: 'image2video' | 'video-generation'): Route => ({
    ...common,
    method: 'POST',
    path: `${mount}/services/aigc/${group}/video-synthesis`,
    access: 'videos:create',
    body: 'posted',
    doc: {
      id: group === 'image2video' ? 'dashscopeCreateTask' : 'dashscopeCreateMediaTask',
      summary: group === 'image2video' ? 'Create a task' : 'Create a task with input.media',
      description: 'Needs the header `X-DashScope-Async: enable`, as there.',
      body: { 'application/json': { schema: createBody, examples: { url: EXAMPLES[group] } } },
      answers: { 200: jsonAnswer(createdTask, 'The task.') },
      faults: ['insufficient_scope', 'invalid_request', 'missing_field', 'unknown_model', 'invalid_image'],
    },
    async answer(request, _reply, caller) {
      if (String(request.headers['x-dashscope-async'] ?? '').toLowerCase() !== 'enable') {
        throw new Fault('insufficient_scope', 'current user api does not support synchronous calls');
      }
      const body = request.body as PostedBody | undefined;
      if (body?.kind !== 'json') throw unsupportedType('A task is created with JSON.');
      const key = request.headers['idempotency-key'];
      const { video } = await videos.submit(caller, readCreate(body.value, Array.isArray(key) ? key.join(', ') : key));
      return { output: { task_status: 'PENDING', task_id: video.id }, request_id: request.id };
    },
  });

  return [
    create('image2video'),
    create('video-generation'),
    {
      ...common,
      method: 'GET',
      path: `${mount}/tasks`,
      access: 'videos:read',
      doc: {
        id: 'dashscopeListTasks',
        summary: 'List the tasks of a day',
        query: listQuery,
        answers: { 200: jsonAnswer(taskList, 'A page.') },
        faults: ['invalid_request'],
      },
      answer: (request, _reply, caller): Promise<TaskList> =>
        listTasks(videos, caller, request.query, clock.now(), request.id),
    },
    {
      ...common,
      method: 'GET',
      path: `${mount}/tasks/:id`,
      access: 'videos:read',
      doc: {
        id: 'dashscopeFetchTask',
        summary: 'Fetch a task',
        description: 'An id that is not known is answered with 200 and `UNKNOWN`, as there.',
        path: taskPath,
        answers: { 200: jsonAnswer(taskObject, 'The task.') },
        faults: [],
      },
      async answer(request, _reply, caller): Promise<TaskObject> {
        const video = await findOrNone(parts, caller, idOf(request));
        return video === undefined ? unknownTask(idOf(request), request.id) : showTask(video, request.id, url);
      },
    },
    {
      ...common,
      method: 'POST',
      path: `${mount}/tasks/:id/cancel`,
      access: 'videos:create',
      body: 'ignored',
      doc: {
        id: 'dashscopeCancelTask',
        summary: 'Cancel a task that is PENDING',
        path: taskPath,
        answers: { 200: jsonAnswer(cancelled, 'It is cancelled.') },
        faults: ['already_finished'],
      },
      answer: (request, _reply, caller) => cancel(parts, request, caller),
    },
    ...uploadRoutes(parts),
  ];
}

async function cancel(parts: AppParts, request: FastifyRequest, caller: Caller): Promise<z.output<typeof cancelled>> {
  const video = await findOrNone(parts, caller, idOf(request));
  if (video === undefined || !isPending(video)) throw new Fault('already_finished', NOT_PENDING);
  await parts.videos.cancel(caller, video.id);
  return { request_id: request.id };
}

async function findOrNone({ videos }: AppParts, caller: Caller, id: string): Promise<Video | undefined> {
  return videos.find(caller, id).catch((error: unknown) => {
    if (error instanceof Fault && error.code === 'not_found') return undefined;
    throw error;
  });
}

function idOf(request: FastifyRequest): string {
  return (request.params as { readonly id?: string }).id ?? '';
}
