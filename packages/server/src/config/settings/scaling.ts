import { baseUrl, choice, duration, integer, lanes, matching } from '../parser.ts';
import { optional, setting } from '../setting.ts';

/** What several machines need and one does not. */
export const SCALING_SETTINGS = {
  databaseUrl: optional({
    group: 'Scaling out',
    parser: matching(/^postgres(ql)?:\/\/\S+$/, 'postgres://user:password@host:port/database'),
    unset: 'a SQLite file in the data folder',
    description: 'The PostgreSQL database. With it, any number of processes share the work.',
    example: '(postgres://inbetween:…@db.internal/inbetween)',
    secret: true,
  }),
  databasePool: setting({
    group: 'Scaling out',
    parser: integer(2, 500),
    fallback: '10',
    description: 'Connections of one process to the database; one more is used to hear the other processes.',
    example: '20',
  }),
  s3Bucket: optional({
    group: 'Scaling out',
    parser: matching(/^[A-Za-z0-9][A-Za-z0-9._-]{1,62}$/, 'the name of a bucket'),
    unset: 'files lie in the data folder',
    description:
      'The S3 bucket for frames and videos. Credentials come from `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, from AWS’s shared files, or from the role of the machine.',
    example: 'videos',
  }),
  s3Endpoint: optional({
    group: 'Scaling out',
    parser: baseUrl,
    unset: 'Amazon’s own',
    description: 'Where an S3 server other than Amazon’s is.',
    example: 'http://minio:9000',
  }),
  s3Region: setting({
    group: 'Scaling out',
    parser: matching(/^[A-Za-z0-9-]{1,40}$/, 'the name of a region'),
    fallback: 'us-east-1',
    description: 'The region of the bucket; servers other than Amazon’s mostly take any.',
    example: 'eu-north-1',
  }),
  s3PathStyle: setting({
    group: 'Scaling out',
    parser: choice('auto', 'on', 'off'),
    fallback: 'auto',
    description:
      'Whether the bucket stands in the path rather than in the host name; `auto`: when `S3_ENDPOINT` is set.',
    example: 'off',
  }),
  s3Prefix: setting({
    group: 'Scaling out',
    parser: matching(/^([A-Za-z0-9_-][A-Za-z0-9._-]*\/)*$/, 'folders ending in a slash, or nothing'),
    fallback: '',
    description: 'In front of every key, so that a bucket can hold other things too.',
    example: 'inbetween/',
  }),
  s3Links: setting({
    group: 'Scaling out',
    parser: choice('off', 'on'),
    fallback: 'off',
    description:
      'Whether content is answered with a redirect to the bucket, signed for a few minutes, instead of through this server. The bucket must be reachable for callers.',
    example: 'on',
  }),
  s3PublicEndpoint: optional({
    group: 'Scaling out',
    parser: baseUrl,
    unset: '`S3_ENDPOINT`',
    description: 'Where callers reach the S3 server, for `S3_LINKS`.',
    example: 'https://files.example.com',
  }),
  lanes: setting({
    group: 'Scaling out',
    parser: lanes,
    fallback: 'admit,generate,drain,deliver,sweep',
    description:
      'What a worker process does: `admit` prepares frames, `generate` makes videos, `drain` follows what goes on at a peer after its video has ended, `deliver` sends webhooks, `sweep` keeps order. Over all workers each must be done by at least one.',
    example: 'generate,drain',
    short: false,
  }),
  concurrency: optional({
    group: 'Scaling out',
    parser: integer(1, 10_000),
    unset: 'as many as its backends have places',
    description: 'Videos that one worker process makes at the same time.',
    example: '4',
    short: false,
  }),
  workerTerm: setting({
    group: 'Scaling out',
    parser: duration('5s', '10m'),
    fallback: '30s',
    description:
      'A worker that has not been heard of for this long is lost, and others go on with its videos. It is heard of three times as often. Shorter than the database is ever away, and workers that live are taken for dead.',
    example: '1m',
  }),
  crashAt: optional({
    group: 'Server',
    parser: matching(
      /^(before|after) (insert|claim|swap|put)( [\w.]+)?$/,
      'before or after, a step, and what it is about',
    ),
    unset: 'it never does',
    description:
      'For tests of this server: the process kills itself right before or after a step that is durable. Only with `INBETWEEN_SIMULATE=on`.',
    example: 'after swap running',
    short: false,
  }),
  shutdownDelay: setting({
    group: 'Server',
    parser: duration('0s', '10m'),
    fallback: '0s',
    description:
      'How long after SIGTERM new requests are still answered while `/readyz` says no, so that a load balancer can turn away first.',
    example: '10s',
  }),
} as const;
