import type { DeletedFile, FileObject, ListObject } from '@inbetween/client';
import { z } from 'zod';
import { FILE_LIMITS } from '../../domain/file.ts';
import { PICTURE_LIMITS } from '../../domain/frame.ts';

const unixSeconds = z.int().meta({ description: 'Unix seconds.', format: 'int64' });

/** An uploaded picture. The first seven fields are those of an OpenAI file. */
export const fileObject = z
  .object({
    id: z.string().meta({ description: 'Write it into `images` of a create.', example: 'file_…' }),
    object: z.literal('file'),
    bytes: z.int(),
    created_at: unixSeconds,
    expires_at: unixSeconds.nullable().meta({ description: 'When it goes; null: when you delete it.' }),
    filename: z.string(),
    purpose: z.string(),
    status: z.literal('processed'),
    type: z.enum(['image/jpeg', 'image/png', 'image/webp', 'image/bmp']),
    width: z.int().meta({ description: 'As stored, before any EXIF orientation.' }),
    height: z.int(),
    sha256: z.string(),
  })
  .meta({
    id: 'File',
    description: 'A picture uploaded once, to be used as a frame as often as you like.',
  }) satisfies z.ZodType<FileObject>;

export const fileList = z
  .object({
    object: z.literal('list'),
    data: z.array(fileObject),
    first_id: z.string().nullable(),
    last_id: z.string().nullable().meta({ description: 'Send it as `after` to get the next page.' }),
    has_more: z.boolean(),
  })
  .meta({ id: 'FileList' }) satisfies z.ZodType<ListObject<FileObject>>;

export const deletedFile = z
  .object({ id: z.string(), object: z.literal('file'), deleted: z.literal(true) })
  .meta({ id: 'DeletedFile' }) satisfies z.ZodType<DeletedFile>;

const words = {
  filename: z
    .string({ error: 'must be text' })
    .optional()
    .meta({ description: 'What you call it.', maxLength: FILE_LIMITS.filenameLength }),
  purpose: z
    .string({ error: 'must be text' })
    .optional()
    .meta({ description: 'A word of yours, given back.', default: 'frame', maxLength: FILE_LIMITS.purposeLength }),
  expires_after: z
    .object(
      {
        anchor: z.literal('created_at', { error: 'must be created_at' }).optional(),
        seconds: z
          .number({ error: 'must be a number of seconds' })
          .meta({ type: 'integer', minimum: FILE_LIMITS.minLifeMs / 1000, maximum: FILE_LIMITS.maxLifeMs / 1000 }),
      },
      { error: 'must be an object with seconds' },
    )
    .optional()
    .meta({ description: 'Removes it so many seconds after its upload; absent: as the server is set.' }),
};

const picture = `JPEG, PNG, WEBP or BMP of at most ${PICTURE_LIMITS.maxBytes} bytes`;

/** `POST /v1/files` as JSON. */
export const fileBody = z
  .object({
    file: z
      .string({ error: 'is required: a data: URL or base64 of a picture' })
      .meta({ description: `A \`data:\` URL, or base64. ${picture}.`, example: 'data:image/png;base64,iVBORw0…' }),
    ...words,
  })
  .meta({ id: 'UploadFile' });

/** The same as a form. */
export const fileFormDoc = z
  .object({
    file: z.unknown().meta({ description: `The picture as a file. ${picture}.`, type: 'string', format: 'binary' }),
    ...words,
  })
  .meta({ id: 'UploadFileForm' });

export const filePath = z.object({ file: z.string().meta({ description: 'The id of a file.', example: 'file_…' }) });

const limit = 'a whole number from 1 to 10000';
/** `GET /v1/files`. OpenAI's clients ask for up to 10,000 at once; they get 1,000, and `has_more`. */
export const fileQuery = z.object({
  limit: z
    .string({ error: `must be ${limit}, given once` })
    .refine((text) => /^(?:[1-9]\d{0,3}|10000)$/.test(text), `must be ${limit}`)
    .default('20')
    .meta({ type: 'integer', minimum: 1, maximum: 10_000, default: 20 }),
  after: z.string({ error: 'must be the id of a file, given once' }).optional(),
  order: z.enum(['asc', 'desc'], { error: 'must be asc or desc' }).default('desc'),
});
