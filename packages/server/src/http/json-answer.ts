import type { z } from 'zod';
import type { AnswerDoc } from './route.ts';

/** How an answer in JSON is described. */
export const jsonAnswer = (
  schema: z.ZodType,
  description: string,
  headers?: Readonly<Record<string, string>>,
): AnswerDoc => ({
  description,
  content: { 'application/json': { schema } },
  ...(headers === undefined ? {} : { headers }),
});
