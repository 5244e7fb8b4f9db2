import { z } from 'zod';
import type { Json } from '../../../domain/attempt.ts';

/** A gateway's video object, read leniently: everything may be missing, and what is not understood is not an error. */
export interface GatewayVideo {
  readonly id: string | undefined;
  readonly status: string | undefined;
  /** 0..1. */
  readonly fraction: number | undefined;
  /** An address of the finished video, somebody else's word. */
  readonly url: string | undefined;
  readonly error: { readonly code: string; readonly message: string } | undefined;
  readonly actualPrompt: string | undefined;
  /** Numbers and texts worth keeping: usage, cost, seconds. */
  readonly usage: Json | undefined;
}

const text = z.string().catch('').optional().catch(undefined);
const loose = z.looseObject({}).catch({});
const video = z.looseObject({
  id: z.union([z.string(), z.number()]).optional().catch(undefined),
  task_id: z.union([z.string(), z.number()]).optional().catch(undefined),
  status: text,
  progress: z.union([z.number(), z.string()]).optional().catch(undefined),
  url: text,
  video_url: text,
  actual_prompt: text,
  fail_reason: text,
  metadata: loose.optional(),
  content: loose.optional(),
  error: z.unknown().optional(),
  usage: z.json().optional().catch(undefined),
});

/** Reads an answer; gateways of the new-api family put the object into `data`. Undefined when there is none. */
export function readVideo(json: unknown): GatewayVideo | undefined {
  const outer = video.safeParse(json).data;
  if (outer === undefined) return undefined;
  const inner = typeof outer['data'] === 'object' ? video.safeParse(outer['data']).data : undefined;
  const read = outer.status === undefined && inner !== undefined ? inner : outer;
  const id = read.id ?? read.task_id;
  return {
    id: id === undefined || id === '' ? undefined : String(id),
    status: read.status === '' ? undefined : read.status,
    fraction: readProgress(read.progress),
    url: [read.metadata?.['url'], read.url, read.video_url, read.content?.['video_url']].find(isText),
    error: readError(read.error, read.fail_reason),
    actualPrompt: isText(read.actual_prompt) ? read.actual_prompt : undefined,
    usage: read.usage,
  };
}

/** The error of an answer that is no video: `{error:{code,message}}`, `{code,message}` or `{detail}`. */
export function readError(json: unknown, reason?: string): GatewayVideo['error'] {
  if (isText(json)) return { code: '', message: json };
  const found = z.looseObject({}).safeParse(json).data;
  if (found === undefined) return isText(reason) ? { code: '', message: reason } : undefined;
  if (found['error'] !== undefined && found['error'] !== null) return readError(found['error']);
  const code = found['code'] ?? found['type'];
  const message = found['message'] ?? found['detail'];
  if (code === undefined && message === undefined) return undefined;
  return { code: String(code ?? ''), message: isText(message) ? message : JSON.stringify(message ?? '') };
}

function readProgress(progress: number | string | undefined): number | undefined {
  const percent = typeof progress === 'string' ? Number(progress.replace(/%$/, '')) : progress;
  return percent === undefined || !Number.isFinite(percent) || percent <= 0 ? undefined : Math.min(1, percent / 100);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
