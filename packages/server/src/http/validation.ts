import type { z } from 'zod';
import { Fault } from '../domain/fault.ts';
import { echo } from './errors.ts';

/**
 * Holds a value from outside to a schema. The schemas word their own refusals as predicates ("must be true or false"),
 * so that the message is the field's name followed by the remedy.
 *
 * @throws Fault for the first thing that is wrong, with `param` as the caller wrote it
 */
export function read<T>(schema: z.ZodType<T>, value: unknown): T {
  const read = schema.safeParse(value, { reportInput: true });
  if (read.success) return read.data;
  const issue = read.error.issues[0];
  if (issue === undefined) throw new Fault('invalid_request', 'The request could not be read.');
  const param = issue.code === 'unrecognized_keys' ? echo(issue.keys[0] ?? '') : paramOf(issue.path);
  const missing = issue.code === 'invalid_type' && issue.input === undefined;
  throw new Fault(
    missing ? 'missing_field' : 'invalid_request',
    `${param === '' ? 'The request' : param} ${issue.message}.`,
    param === '' ? {} : { param },
  );
}

/** `images`, `1` → `images[1]`. */
function paramOf(path: readonly PropertyKey[]): string {
  return path.map((key, depth) => (depth === 0 ? echo(String(key)) : `[${echo(String(key))}]`)).join('');
}
