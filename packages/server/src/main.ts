import { stripVTControlCharacters } from 'node:util';
import { type CommandDef, renderUsage, runCommand } from 'citty';
import { CommandFailure, say } from './cli/console.ts';
import { asFailure } from './cli/system-failure.ts';
import { VERSION } from './compose/version.ts';

/** citty types a command by its arguments; here only its common shape matters. */
const common = (command: unknown) => command as CommandDef;

/** Loaded when named: a server should not wait for the code of the other commands. */
const COMMANDS: Readonly<Record<string, () => Promise<CommandDef>>> = {
  serve: async () => common((await import('./cli/serve.ts')).serveCommand),
  generate: async () => common((await import('./cli/generate.ts')).generateCommand),
  render: async () => common((await import('./cli/render.ts')).renderCommand),
  keys: async () => common((await import('./cli/keys.ts')).keysCommand),
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
  if (argv.includes('--version') || argv.includes('-v')) {
    say.out(VERSION);
    return 0;
  }
  const { command, parent } = await find(argv);
  const wantsHelp = argv.includes('--help') || argv.includes('-h');
  if (wantsHelp || command.run === undefined) {
    const usage = await usageOf(command, parent, wantsHelp ? process.stdout : process.stderr);
    if (wantsHelp || argv.length === 0) {
      say.out(usage);
      return 0;
    }
    say.error(`${usage}\nThere is no command "${argv.join(' ')}".`);
    return 2;
  }
  const unknown = unknownOption(argv, command);
  if (unknown !== undefined) {
    say.error(`${await usageOf(command, parent, process.stderr)}\nThere is no option ${unknown}.`);
    return 2;
  }
  try {
    await runCommand(root, { rawArgs: [...argv] });
    return 0;
  } catch (error) {
    return report(error, command, parent);
  }
}

/** The command that the leading words name, and the one above it. */
async function find(argv: readonly string[]): Promise<{ command: CommandDef; parent?: CommandDef }> {
  let command: CommandDef = root;
  let parent: CommandDef | undefined;
  for (const word of argv) {
    const known = command.subCommands as Record<string, CommandDef | (() => Promise<CommandDef>)> | undefined;
    const next = known !== undefined && Object.hasOwn(known, word) ? known[word] : undefined;
    if (next === undefined) break;
    parent = command;
    command = typeof next === 'function' ? await next() : next;
  }
  return parent === undefined ? { command } : { command, parent };
}

/** The first option that the command does not have; citty would ignore it, and with it what the user meant. */
function unknownOption(argv: readonly string[], { args }: CommandDef): string | undefined {
  const known = new Set<string>();
  for (const [name, definition] of Object.entries((args ?? {}) as Record<string, { alias?: string | string[] }>)) {
    for (const spelling of [name, ...[definition.alias ?? []].flat()]) known.add(spelling);
  }
  const end = argv.indexOf('--');
  return argv
    .slice(0, end === -1 ? argv.length : end)
    .filter((word) => /^--?[a-z]/i.test(word))
    .map((word) => word.replace(/=.*$/s, ''))
    .find((word) => !known.has(word.replace(/^--?(no-)?/, '')));
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
