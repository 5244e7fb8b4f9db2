import { S3Client } from '@aws-sdk/client-s3';

/** Where a bucket is. Credentials come from the SDK's own chain: environment, shared files, container or instance role. */
export interface S3Place {
  readonly bucket: string;
  /** In front of every key; ends in `/` unless empty. */
  readonly prefix: string;
  readonly region: string;
  /** Undefined: Amazon's own. */
  readonly endpoint: string | undefined;
  /** `https://host/bucket/key` rather than `https://bucket.host/key`: what most servers outside Amazon want. */
  readonly pathStyle: boolean;
}

const CONNECT_MS = 5_000;
/** A connection on which nothing moves for this long is given up, and what it was for is tried again. */
const SILENT_MS = 60_000;
const TRIES = 4;
/** More than the SDK's 50: each download holds one for as long as it lasts, and must not keep out the workers. */
const SOCKETS = 250;

/** A client with a limit on every wait. */
export function createS3Client({ region, endpoint, pathStyle }: S3Place): S3Client {
  const agent = { keepAlive: true, maxSockets: SOCKETS };
  return new S3Client({
    region,
    forcePathStyle: pathStyle,
    maxAttempts: TRIES,
    // Newer checksums travel in a form that many servers do not read; the signature covers every body we send.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      connectionTimeout: CONNECT_MS,
      socketTimeout: SILENT_MS,
      httpAgent: agent,
      httpsAgent: agent,
    },
    ...(endpoint === undefined ? {} : { endpoint }),
  });
}
