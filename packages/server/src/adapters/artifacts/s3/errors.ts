import { S3ServiceException } from '@aws-sdk/client-s3';
import { Fault } from '../../../domain/fault.ts';
import { storageFull } from '../../system/storage-full.ts';

/** The bucket cannot be used; the message tells the operator why and what to do. */
export class BucketError extends Error {
  override readonly name = 'BucketError';
}

const FULL: readonly string[] = [
  'QuotaExceeded',
  'InsufficientStorage',
  'XMinioStorageFull',
  'XMinioAdminBucketQuotaExceeded',
  'StorageFull',
];
/** Errors of ours in asking: time does not heal them. */
const OURS: readonly string[] = ['AccessDenied', 'NoSuchBucket', 'InvalidAccessKeyId', 'SignatureDoesNotMatch'];
const NETWORK = /^(ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ERR_STREAM_PREMATURE_CLOSE|UND_)/;

/** Whether there is no such object. */
export function isMissing(error: unknown): boolean {
  return (
    error instanceof S3ServiceException &&
    (error.name === 'NoSuchKey' || error.$metadata.httpStatusCode === 404) &&
    error.name !== 'NoSuchBucket'
  );
}

/** Whether a range lies outside of the object. */
export function isOutside(error: unknown): boolean {
  return error instanceof S3ServiceException && error.$metadata.httpStatusCode === 416;
}

/** Whether the server could not be reached or could not answer, whatever was asked of it. */
export function isUnavailable(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.some(isUnavailable);
  if (error instanceof S3ServiceException) {
    const status = error.$metadata.httpStatusCode ?? 0;
    return !OURS.includes(error.name) && (status >= 500 || status === 429 || status === 408);
  }
  if (!(error instanceof Error)) return false;
  if (error.name === 'TimeoutError' || error.message === 'aborted') return true;
  return 'code' in error && NETWORK.test(String(error.code));
}

/** Reads a failure of the bucket: what passes with time becomes a fault, everything else stays what it is. */
export function explained(error: unknown): unknown {
  if (error instanceof S3ServiceException) {
    if (FULL.includes(error.name) || error.$metadata.httpStatusCode === 507) return storageFull(error);
  }
  if (!isUnavailable(error)) return error;
  return new Fault(
    'storage_unavailable',
    'The file storage does not answer at the moment. Try again in a few seconds.',
    {
      retryAfterMs: 2_000,
      cause: error,
    },
  );
}
