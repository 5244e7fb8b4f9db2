import { defineCommand } from 'citty';
import { configured, listening, run } from './run.ts';

/** `inbetween api`: answers callers; workers make the videos. */
export const apiCommand = defineCommand({
  meta: {
    name: 'api',
    description: 'Answers callers and makes nothing; needs DATABASE_URL and S3_BUCKET, which it shares with workers.',
  },
  args: { ...listening, ...configured },
  run: ({ args }) => run('api', { config: args.config, host: args.host, port: args.port }),
});
