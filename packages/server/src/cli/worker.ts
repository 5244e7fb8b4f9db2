import { defineCommand } from 'citty';
import { configured, run } from './run.ts';

/** `inbetween worker`: makes videos and answers nobody. */
export const workerCommand = defineCommand({
  meta: {
    name: 'worker',
    description: 'Makes videos and answers nobody; needs DATABASE_URL and S3_BUCKET, which it shares with the APIs.',
  },
  args: {
    ...configured,
    lanes: {
      type: 'string',
      description: 'What it does (INBETWEEN_LANES, default admit,generate,drain,deliver,sweep)',
      valueHint: 'list',
    },
    concurrency: {
      type: 'string',
      description: 'Videos made at the same time (INBETWEEN_CONCURRENCY, default as its backends allow)',
      valueHint: 'number',
    },
    'metrics-port': {
      type: 'string',
      description: 'Port for /metrics, /healthz and /readyz (METRICS_PORT, default none)',
      valueHint: 'number',
    },
  },
  run: ({ args }) =>
    run('worker', {
      config: args.config,
      lanes: args.lanes,
      concurrency: args.concurrency,
      metricsPort: args['metrics-port'],
    }),
});
