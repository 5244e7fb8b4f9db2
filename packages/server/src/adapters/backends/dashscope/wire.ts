import { z } from 'zod';
import type { Json } from '../../../domain/attempt.ts';
import type { Complaint } from './errors.ts';

/** DashScope's answers, read leniently: what is not understood is not there. */

const text = z.string().optional().catch(undefined);
const output = z.looseObject({
  task_id: text,
  task_status: text,
  video_url: text,
  actual_prompt: text,
  orig_prompt: text,
  submit_time: text,
  end_time: text,
  code: text,
  message: text,
});
const answer = z.looseObject({
  output: output.optional().catch(undefined),
  usage: z.record(z.string(), z.unknown()).optional().catch(undefined),
  code: text,
  message: text,
});
const policy = z.looseObject({
  data: z.looseObject({
    policy: z.string(),
    signature: z.string(),
    upload_dir: z.string(),
    upload_host: z.string(),
    oss_access_key_id: z.string(),
    x_oss_object_acl: z.string(),
    x_oss_forbid_overwrite: z.string(),
  }),
});

export type TaskOutput = z.infer<typeof output>;
export type UploadPolicy = z.infer<typeof policy>['data'];

export function readOutput(json: unknown): TaskOutput | undefined {
  return answer.safeParse(json).data?.output;
}

export function readPolicy(json: unknown): UploadPolicy | undefined {
  return policy.safeParse(json).data?.data;
}

/** The error of an answer; undefined when it is none. */
export function readComplaint(json: unknown): Complaint | undefined {
  const read = answer.safeParse(json).data;
  return read?.code === undefined ? undefined : { code: read.code, message: read.message ?? '' };
}

/** Numbers and short words of `usage` and the times, as they are worth keeping. */
export function readReport(json: unknown): { readonly [key: string]: Json } {
  const read = answer.safeParse(json).data;
  const usage = Object.entries(read?.usage ?? {}).filter(
    (pair): pair is [string, number | string] =>
      typeof pair[1] === 'number' || (typeof pair[1] === 'string' && pair[1].length <= 40),
  );
  const times = { submit_time: read?.output?.submit_time, end_time: read?.output?.end_time };
  const told = Object.entries(times).filter((pair): pair is [string, string] => pair[1] !== undefined);
  return { ...(usage.length === 0 ? {} : { usage: Object.fromEntries(usage) }), ...Object.fromEntries(told) };
}
