import { Fault } from '../../domain/fault.ts';

/** What a full disk, a used-up quota and a file beyond the file system's limit are called. */
const FULL: readonly unknown[] = ['ENOSPC', 'EDQUOT', 'EFBIG'];

/** The fault for "there is no room". */
export function storageFull(cause?: unknown): Fault {
  return new Fault('storage_full', 'The server has no room left to store files. Try again later.', {
    retryAfterMs: 60_000,
    cause,
  });
}

/** Reads a failure to write: no room becomes the fault `storage_full`, everything else stays what it is. */
export function asStorageFailure(error: unknown): unknown {
  return FULL.includes(errorCode(error)) ? storageFull(error) : error;
}

/** The `code` of a system error, such as `ENOENT`. */
export function errorCode(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
