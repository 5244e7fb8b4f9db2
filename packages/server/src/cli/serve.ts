import { defineCommand } from 'citty';
import { configured, listening, run } from './run.ts';

/** `inbetween serve`: the API and all lanes in one process. */
export const serveCommand = defineCommand({
  meta: {
    name: 'serve',
    description: 'Serves the API and makes the videos, in one process. All settings: docs/configuration.md.',
  },
  args: {
    ...listening,
    ...configured,
    'data-dir': {
      type: 'string',
      description: 'Folder for database and files (INBETWEEN_DATA_DIR, default ./data)',
      valueHint: 'folder',
    },
  },
  run: ({ args }) => run('serve', { config: args.config, host: args.host, port: args.port, dataDir: args['data-dir'] }),
});
