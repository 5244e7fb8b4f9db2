import type { ArgsDef } from 'citty';

/** The words of a command line, ready for citty; `problem` says what is wrong with them. */
export interface Words {
  readonly words: readonly string[];
  readonly problem?: string;
}

interface Option {
  readonly name: string;
  readonly takesValue: boolean;
}

const EVERYWHERE: readonly string[] = ['help', 'h', 'version', 'v'];

/**
 * Ties each option to its value (`--prompt -x` → `--prompt=-x`), and finds options that the command does not have. citty
 * ignores those, and with them what the user meant; and it takes a value that begins with `--no-` for an option.
 */
export function readWords(argv: readonly string[], args: ArgsDef): Words {
  const options = optionsOf(args);
  const words: string[] = [];
  let problem: string | undefined;
  for (let at = 0; at < argv.length; at += 1) {
    const word = argv[at] ?? '';
    if (word === '--') {
      words.push(...argv.slice(at));
      break;
    }
    if (!isOptionLike(word)) {
      words.push(word);
      continue;
    }
    const option = optionAt(word, options);
    if (option === undefined && !EVERYWHERE.includes(word.replace(/^--?/, '')))
      problem ??= `There is no option ${word.replace(/=.*$/s, '')}.`;
    if (option?.takesValue !== true || word.includes('=')) {
      words.push(word);
      continue;
    }
    const value = argv[at + 1];
    if (value === undefined) problem ??= `${word} needs a value.`;
    else if (isOptionLike(value) && optionAt(value, options) !== undefined)
      problem ??= `${word} needs a value. If "${value}" is meant, write --${option.name}=${value}`;
    else {
      words.push(`${word.startsWith('--') ? word : `--${option.name}`}=${value}`);
      at += 1;
    }
  }
  return problem === undefined ? { words } : { words, problem };
}

function isOptionLike(word: string): boolean {
  return /^--?[a-z]/i.test(word);
}

/** By every spelling: the name, its aliases, and the camel case that citty reads too. */
function optionsOf(args: ArgsDef): ReadonlyMap<string, Option> {
  const options = new Map<string, Option>();
  for (const [name, { type = 'boolean', ...definition }] of Object.entries(args)) {
    if (type === 'positional') continue;
    const aliases = 'alias' in definition ? [definition.alias ?? []].flat() : [];
    const camel = name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
    for (const spelling of [name, camel, ...aliases]) options.set(spelling, { name, takesValue: type !== 'boolean' });
  }
  return options;
}

function optionAt(word: string, options: ReadonlyMap<string, Option>): Option | undefined {
  const spelling = word.replace(/^--?/, '').replace(/=.*$/s, '');
  const own = options.get(spelling);
  if (own !== undefined) return own;
  const denied = word.startsWith('--no-') ? options.get(spelling.slice('no-'.length)) : undefined;
  return denied?.takesValue === false ? denied : undefined;
}
