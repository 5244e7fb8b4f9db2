import { Fault } from '../../../domain/fault.ts';
import { codePoints } from '../../../domain/generation.ts';
import { LIMITS } from '../../../domain/model.ts';
import { isTerminal, type Status, type Video } from '../../../domain/video.ts';
import type { SubmitAsk } from '../../../service/submit.ts';
import { read } from '../../validation.ts';
import { dashscopeError, inItsWords } from './faults.ts';
import { type CreateAsk, createBody, type TaskList, type TaskObject } from './schema.ts';

type TaskStatus = TaskObject['output']['task_status'];

const STATUS_WORDS = {
  pending: 'PENDING',
  queued: 'PENDING',
  running: 'RUNNING',
  succeeded: 'SUCCEEDED',
  failed: 'FAILED',
  cancelled: 'CANCELED',
} as const satisfies Record<Status, TaskStatus>;

/** The same model has two names, one for each of DashScope's regions. */
const MODEL_NAMES: ReadonlyMap<string, string> = new Map([['wanx2.1-kf2v-plus', 'wan2.1-kf2v-plus']]);

/** Reads a create. @throws Fault that names the field */
export function readCreate(body: unknown, idempotencyKey: string | undefined): SubmitAsk {
  const { model, input, parameters } = read<CreateAsk>(createBody, body);
  if (typeof input.template === 'string' && input.template !== '') {
    throw new Fault('invalid_request', 'input.template: effect templates are not offered; send two frames.', {
      param: 'input.template',
    });
  }
  return {
    generation: {
      model: MODEL_NAMES.get(model) ?? model,
      prompt: cut(input.prompt ?? '', LIMITS.promptLength),
      negativePrompt: cut(input.negative_prompt ?? '', LIMITS.negativePromptLength),
      seconds: parameters?.duration ?? undefined,
      size: parameters?.resolution ?? undefined,
      promptExtend: parameters?.prompt_extend ?? undefined,
      watermark: parameters?.watermark ?? undefined,
      seed: parameters?.seed ?? undefined,
    },
    images: readFrames(input),
    unknownFields: [],
    idempotencyKey,
  };
}

function readFrames({ first_frame_url: first, last_frame_url: last, media }: CreateAsk['input']): readonly string[] {
  const inMedia = (type: string) => {
    const found = media?.filter((each) => each.type === type) ?? [];
    if (found.length > 1)
      throw new Fault('invalid_request', `input.media has more than one ${type}.`, { param: 'input.media' });
    return found[0]?.url;
  };
  const other = media?.find(({ type }) => type !== 'first_frame' && type !== 'last_frame');
  if (other !== undefined) {
    throw new Fault('invalid_request', 'input.media: only first_frame and last_frame are offered.', {
      param: 'input.media',
    });
  }
  return [
    present(first ?? inMedia('first_frame'), 'input.first_frame_url'),
    present(last ?? inMedia('last_frame'), 'input.last_frame_url'),
  ];
}

function present(url: string | undefined | null, param: string): string {
  if (typeof url === 'string' && url !== '') return url;
  throw new Fault('missing_field', `${param} is required: this server makes the video between two frames.`, { param });
}

/** What is too long is cut, as DashScope's documentation says. */
function cut(text: string, limit: number): string {
  return codePoints(text) <= limit ? text : [...text].slice(0, limit).join('');
}

/** A task as it is fetched. @param url signed address of the MP4, asked for only when there is one */
export function showTask(video: Video, requestId: string, url: (video: Video) => string): TaskObject {
  const { generation, result, failure, status } = video;
  // DashScope forgets a task when its file goes.
  if (video.expired) return unknownTask(video.id, requestId);
  const output = {
    task_id: video.id,
    task_status: STATUS_WORDS[status],
    submit_time: clockTime(video.createdAt),
    ...(video.startedAt === null ? {} : { scheduled_time: clockTime(video.startedAt) }),
    ...(video.completedAt === null ? {} : { end_time: clockTime(video.completedAt) }),
  };
  if (failure !== null) {
    const { code } = dashscopeError(failure);
    return { request_id: requestId, output: { ...output, code, message: inItsWords(failure.message) } };
  }
  if (status !== 'succeeded' || result === null) return { request_id: requestId, output };
  return {
    request_id: requestId,
    output: {
      ...output,
      video_url: url(video),
      orig_prompt: generation.prompt,
      ...(generation.promptExtend ? { actual_prompt: result.actualPrompt } : {}),
    },
    usage: {
      video_duration: generation.seconds,
      video_count: 1,
      SR: Number.parseInt(generation.size, 10),
      video_ratio: 'standard',
    },
  };
}

/** What is said of an id that nobody knows, or that is not the caller's. */
export function unknownTask(id: string, requestId: string): TaskObject {
  return { request_id: requestId, output: { task_id: id, task_status: 'UNKNOWN' } };
}

/** A task as it stands in a list. */
export function showRow(video: Video, requestId: string): TaskList['data'][number] {
  return {
    api_key_id: video.apiKey ?? '',
    caller_parent_id: video.owner,
    caller_uid: video.owner,
    gmt_create: video.createdAt,
    start_time: video.startedAt ?? video.createdAt,
    end_time: video.completedAt,
    model_name: video.generation.model,
    region: 'local',
    request_id: requestId,
    status: statusOf(video),
    task_id: video.id,
    user_api_unique_key: `apikey:v1:aigc:image2video:video-synthesis:${video.generation.model}`,
  };
}

export function statusOf(video: Video): TaskStatus {
  return video.expired ? 'UNKNOWN' : STATUS_WORDS[video.status];
}

/** Whether DashScope would cancel it: only what has not begun. */
export function isPending(video: Video): boolean {
  return !isTerminal(video.status) && STATUS_WORDS[video.status] === 'PENDING';
}

const EAST_8_MS = 8 * 3_600_000;

/** `2026-11-26 15:04:05.000`, in the time of Beijing whatever the machine's is. */
function clockTime(ms: number): string {
  return new Date(ms + EAST_8_MS).toISOString().replace('T', ' ').replace('Z', '');
}

/** `YYYYMMDDhhmmss` of the same time zone as milliseconds. */
export function readStamp(text: string | undefined): number | undefined {
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(text ?? '') ?? [];
  if (year === undefined) return undefined;
  return (
    Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second)) - EAST_8_MS
  );
}
