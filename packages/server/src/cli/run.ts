import { flushCompileCache } from 'node:module';
import type { Role } from '../compose/role.ts';
import { type RunningServer, startServer } from '../compose/server.ts';
import { trimMemorySoon } from '../compose/trim-memory.ts';
import { CommandFailure, say } from './console.ts';
import { type SettingFlags, settle } from './settings.ts';
import { welcome } from './welcome.ts';

/** The flag of every command that reads the configuration. */
export const configured = {
  config: { type: 'string', description: 'Configuration file, YAML or JSON (INBETWEEN_CONFIG)', valueHint: 'file' },
} as const;

/** Flags of the commands that listen. */
export const listening = {
  host: { type: 'string', description: 'Address to listen on (HOST, default 127.0.0.1)', valueHint: 'address' },
  port: {
    type: 'string',
    description: 'Port to listen on; 0 takes a free one (PORT, default 8787)',
    valueHint: 'number',
  },
} as const;

/** Runs a process of the given role until it is told to stop. */
export async function run(role: Role, flags: SettingFlags): Promise<void> {
  const config = await settle(flags);
  const terminal = process.stdout.isTTY === true;
  const server = await startServer(config, { role, showFirstKey: terminal }).catch(async (error: unknown) => {
    // What can go wrong with every kind of storage is not needed by a server that starts.
    const { startProblem } = await import('../compose/start-problem.ts');
    const problem = startProblem(error);
    throw problem === undefined ? error : new CommandFailure(problem);
  });
  // Heard from here on: whoever reads that it listens may stop it at once.
  const stopped = untilStopped(server, config.server.shutdownGraceMs);
  say.out(welcome(server, { terminal, ownKey: config.access.apiKey !== undefined }));
  // Node would keep what it compiled at the end of the process, which for a server may be a kill.
  flushCompileCache();
  trimMemorySoon();
  await stopped;
}

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
