import { stripVTControlCharacters } from 'node:util';
import { type ArgsDef, type CommandDef, renderUsage, runCommand } from 'citty';
import { CommandFailure, say } from './cli/console.ts';
import { asFailure } from './cli/system-failure.ts';
import { readWords } from './cli/words.ts';
import { VERSION } from './compose/version.ts';

/** citty types a command by its arguments; here only its common shape matters. */
const common = (command: unknown) => command as CommandDef;

/** Loaded when named: a server should not wait for the code of the other commands. */
const COMMANDS: Readonly<Record<string, () => Promise<CommandDef>>> = {
  serve: async () => common((await import('./cli/serve.ts')).serveCommand),
  api: async () => common((await import('./cli/api.ts')).apiCommand),
  worker: async () => common((await import('./cli/worker.ts')).workerCommand),
  migrate: async () => common((await import('./cli/migrate.ts')).migrateCommand),
  copy: async () => common((await import('./cli/copy.ts')).copyCommand),
  generate: async () => common((await import('./cli/generate.ts')).generateCommand),
  render: async () => common((await import('./cli/render.ts')).renderCommand),
  conformance: async () => common((await import('./cli/conformance.ts')).conformanceCommand),
  keys: async () => common((await import('./cli/keys.ts')).keysCommand),
  owners: async () => common((await import('./cli/owners.ts')).ownersCommand),
  usage: async () => common((await import('./cli/owners.ts')).usageCommand),
  videos: async () => common((await import('./cli/videos.ts')).videosCommand),
  backends: async () => common((await import('./cli/backends.ts')).backendsCommand),
  backup: async () => common((await import('./cli/backup.ts')).backupCommand),
};

const root: CommandDef = {
  meta: {
    name: 'inbetween',
    version: VERSION,
    description: 'Turns two pictures into the video between them.',
  },
  subCommands: COMMANDS,
};

/** Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted. */
async function main(argv: readonly string[]): Promise<number> {
  const { command, parent, rest } = await find(argv);
  const { words, problem } = readWords(argv, (command.args ?? {}) as ArgsDef);
  const asks = (...options: string[]) => words.some((word) => options.includes(word));
  if (asks('--version', '-v')) {
    say.out(VERSION);
    return 0;
  }
  const wantsHelp = asks('--help', '-h');
  if (wantsHelp || command.run === undefined) {
    const usage = await usageOf(command, parent, wantsHelp ? process.stdout : process.stderr);
    if (wantsHelp || argv.length === 0) {
      say.out(usage);
      return 0;
    }
    const names = Object.keys(command.subCommands ?? {}).join(', ');
    say.error(`${usage}\n${rest === undefined ? 'Say which:' : `There is no command "${rest}"; there are`} ${names}.`);
    return 2;
  }
  if (problem !== undefined) {
    say.error(`${await usageOf(command, parent, process.stderr)}\n${problem}`);
    return 2;
  }
  try {
    await runCommand(root, { rawArgs: [...words] });
    return 0;
  } catch (error) {
    return report(error, command, parent);
  }
}

interface Found {
  readonly command: CommandDef;
  /** The command above it, under the name by which it is called. */
  readonly parent?: CommandDef;
  /** The first word that names no command of it. */
  readonly rest: string | undefined;
}

/** The command that the leading words name. */
async function find(argv: readonly string[]): Promise<Found> {
  let found: Found = { command: root, rest: argv[0] };
  for (const [n, word] of argv.entries()) {
    const { command } = found;
    const known = command.subCommands as Record<string, CommandDef | (() => Promise<CommandDef>)> | undefined;
    const next = known !== undefined && Object.hasOwn(known, word) ? known[word] : undefined;
    if (next === undefined) break;
    const parent = { ...command, meta: { ...command.meta, name: ['inbetween', ...argv.slice(0, n)].join(' ') } };
    found = { command: typeof next === 'function' ? await next() : next, parent, rest: argv[n + 1] };
  }
  return found;
}

async function report(thrown: unknown, command: CommandDef, parent?: CommandDef): Promise<number> {
  const error = asFailure(thrown);
  if (error instanceof CommandFailure) {
    if (error.message !== '') say.error(error.message);
    return error.exitCode;
  }
  // citty marks its own complaints about arguments by this name.
  if (error instanceof Error && error.name === 'CLIError') {
    say.error(`${await usageOf(command, parent, process.stderr)}\n${error.message}`);
    return 2;
  }
  say.error(error instanceof Error ? (error.stack ?? error.message) : String(error));
  return 1;
}

/** citty colours its text wherever it goes; a file or a pipe wants none. */
async function usageOf(
  command: CommandDef,
  parent: CommandDef | undefined,
  stream: NodeJS.WriteStream,
): Promise<string> {
  const usage = await renderUsage(command, parent);
  return stream.isTTY === true ? usage : stripVTControlCharacters(usage);
}

process.exitCode = await main(process.argv.slice(2));
