import {
  DeleteObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import type { S3Place } from './client.ts';
import { BucketError, isUnavailable } from './errors.ts';

const CHECK_MS = 20_000;
/** Written and removed at each start: rights to read say nothing about rights to write. */
const PROBE = 'inbetween-start-check';

/** Reads, writes and removes something, so that a wrong setting is told at the start and not by the first video. */
export async function checkBucket(client: S3Client, place: S3Place): Promise<void> {
  const abortSignal = AbortSignal.timeout(CHECK_MS);
  const { bucket, prefix } = place;
  const probe = { Bucket: bucket, Key: `${prefix}${PROBE}` };
  let doing = 'list';
  try {
    await client.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, MaxKeys: 1 }), { abortSignal });
    doing = 'write to';
    await client.send(new PutObjectCommand({ ...probe, Body: '', ContentLength: 0 }), { abortSignal });
    doing = 'delete from';
    await client.send(new DeleteObjectCommand(probe), { abortSignal });
  } catch (error) {
    throw new BucketError(sentence(error, place, doing), { cause: error });
  }
}

/** Why the bucket cannot be used, and what to do. Never carries a credential. */
function sentence(error: unknown, { bucket, endpoint, region }: S3Place, doing: string): string {
  const where = endpoint === undefined ? `Amazon S3 (${region})` : endpoint;
  if (error instanceof Error && /^(CredentialsProviderError|TokenProviderError)$/.test(error.name)) {
    return `There are no credentials for the bucket "${bucket}". Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give this machine a role.`;
  }
  if (error instanceof S3ServiceException) {
    const status = error.$metadata.httpStatusCode ?? 0;
    switch (error.name) {
      case 'NoSuchBucket':
        return `There is no bucket "${bucket}" at ${where}. Create it, or correct S3_BUCKET.`;
      case 'InvalidAccessKeyId':
        return `${where} does not know the access key. Check AWS_ACCESS_KEY_ID, and that it belongs to this server.`;
      case 'SignatureDoesNotMatch':
        return `${where} refuses the signature. Check AWS_SECRET_ACCESS_KEY and S3_REGION (${region}).`;
      case 'RequestTimeTooSkewed':
        return `The clock of this machine is too far from that of ${where}. Set it right.`;
      case 'PermanentRedirect':
      case 'AuthorizationHeaderMalformed':
        return `The bucket "${bucket}" is not in the region ${region}. Set S3_REGION to the bucket's own.`;
      default:
        if (status === 403)
          return `These credentials may not ${doing} the bucket "${bucket}" at ${where}. They need s3:ListBucket, s3:GetObject, s3:PutObject, s3:DeleteObject and s3:AbortMultipartUpload.`;
        if (status === 301 || status === 307)
          return `The bucket "${bucket}" is elsewhere. Check S3_REGION and S3_ENDPOINT.`;
        return `${where} refused to ${doing} the bucket "${bucket}": ${error.name} (${status}).`;
    }
  }
  if (isUnavailable(error) || abortedByUs(error))
    return `${where} does not answer. Check S3_ENDPOINT (host, port, http or https) and the network.`;
  return `The bucket "${bucket}" at ${where} cannot be used: ${error instanceof Error ? error.message : String(error)}`;
}

function abortedByUs(error: unknown): boolean {
  return error instanceof Error && (error.name === 'AbortError' || error.name === 'TimeoutError');
}
