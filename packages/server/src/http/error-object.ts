import type { ErrorBody } from '@inbetween/client';
import { z } from 'zod';

/** The envelope of every error, for the description and the tests. */
export const errorObject = z
  .object({
    error: z.object({
      message: z.string().meta({ description: 'Names the field, the limit and the remedy.' }),
      type: z.string().meta({ example: 'invalid_request_error' }),
      param: z.string().nullable().meta({ example: 'images[0]' }),
      code: z.string().meta({ description: 'A stable word to switch on.', example: 'invalid_image' }),
    }),
  })
  .meta({ id: 'Error' }) satisfies z.ZodType<ErrorBody>;
