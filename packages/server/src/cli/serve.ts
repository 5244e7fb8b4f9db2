import { defineCommand } from 'citty';
import { type RunningServer, startServer } from '../compose/server.ts';
import { startProblem } from '../compose/start-problem.ts';
import { CommandFailure, say } from './console.ts';
import { settle } from './settings.ts';
import { welcome } from './welcome.ts';

/** `inbetween serve`: the API and all lanes in one process. */
export const serveCommand = defineCommand({
  meta: {
    name: 'serve',
    description: 'Serves the API: one process, one data folder. All settings: docs/configuration.md.',
  },
  args: {
    host: { type: 'string', description: 'Address to listen on (HOST, default 127.0.0.1)', valueHint: 'address' },
    port: {
      type: 'string',
      description: 'Port to listen on; 0 takes a free one (PORT, default 8787)',
      valueHint: 'number',
    },
    'data-dir': {
      type: 'string',
      description: 'Folder for database and files (INBETWEEN_DATA_DIR, default ./data)',
      valueHint: 'folder',
    },
  },
  async run({ args }) {
    const config = await settle({ host: args.host, port: args.port, dataDir: args['data-dir'] });
    const server = await startServer(config, { showFirstKey: process.stdout.isTTY === true }).catch(
      (error: unknown) => {
        const problem = startProblem(error);
        throw problem === undefined ? error : new CommandFailure(problem);
      },
    );
    say.out(welcome(server, { terminal: process.stdout.isTTY === true }));
    await untilStopped(server, config.server.shutdownGraceMs);
  },
});

/** Stops on SIGTERM or SIGINT within the grace period; a second signal exits at once. */
async function untilStopped(server: RunningServer, graceMs: number): Promise<void> {
  const signal = await new Promise<NodeJS.Signals>((resolve) => {
    process.once('SIGTERM', resolve);
    process.once('SIGINT', resolve);
  });
  // 128 + signal number, as a shell reports it.
  for (const again of ['SIGTERM', 'SIGINT'] as const)
    process.on(again, () => process.exit(again === 'SIGINT' ? 130 : 143));
  say.note(
    `${signal}: finishing or giving back what runs (up to ${Math.round(graceMs / 1000)} s; once more to quit at once)`,
  );
  await server.stop(graceMs);
}
