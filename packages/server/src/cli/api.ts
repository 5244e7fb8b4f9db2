import { defineCommand } from 'citty';
import { listening, run } from './run.ts';

/** `inbetween api`: answers callers; workers make the videos. */
export const apiCommand = defineCommand({
  meta: {
    name: 'api',
    description: 'Answers callers and makes nothing; needs DATABASE_URL and S3_BUCKET, which it shares with workers.',
  },
  args: listening,
  run: ({ args }) => run('api', { host: args.host, port: args.port }),
});
