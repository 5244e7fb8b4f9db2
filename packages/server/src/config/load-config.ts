import type { Config } from './config.ts';
import { ConfigError, type Mistake } from './config-error.ts';
import type { ConfigFile } from './config-file.ts';
import { type ConfigSources, readConfig } from './read-config.ts';
import { flagName, longName } from './setting.ts';

/** Looked for in the working folder when no file is named. */
const USUAL_PLACES = ['inbetween.yaml', 'inbetween.yml', 'inbetween.json'];

/**
 * Reads the configuration with the file that `--config` or `INBETWEEN_CONFIG` names, or else with the one that lies in
 * the working folder, if there is one and `discover` allows it.
 *
 * @param readText reads a file as text; passed in, because this folder knows the world as little as the domain does
 * @throws ConfigError with every mistake there is
 */
export async function loadConfig(
  sources: Omit<ConfigSources, 'file'>,
  readText: (path: string) => Promise<string>,
  { discover = true }: { readonly discover?: boolean } = {},
): Promise<Config> {
  const flag = sources.flags.config?.trim() ?? '';
  const path = flag === '' ? (sources.env[longName('config')]?.trim() ?? '') : flag;
  if (path === '') {
    const file = discover ? await findFile(readText) : undefined;
    return readConfig({ ...sources, file });
  }
  const text = await readText(path).catch(() => undefined);
  if (text !== undefined) return readConfig({ ...sources, file: await parsed(path, text) });
  const name = flag === '' ? longName('config') : `--${flagName('config')}`;
  throw new ConfigError([
    { name, found: `"${path}", which cannot be read`, allowed: 'the path of a YAML or JSON file' },
    ...mistakesWithoutFile(sources),
  ]);
}

async function findFile(readText: (path: string) => Promise<string>): Promise<ConfigFile | undefined> {
  for (const path of USUAL_PLACES) {
    const text = await readText(path).catch(() => undefined);
    if (text !== undefined) return parsed(path, text);
  }
  return undefined;
}

async function parsed(path: string, text: string): Promise<ConfigFile> {
  const { parseFile } = await import('./parse-file.ts');
  return parseFile(path, text);
}

/** The other mistakes are told as well, so that nobody has to start the server once for each. */
function mistakesWithoutFile(sources: Omit<ConfigSources, 'file'>): readonly Mistake[] {
  try {
    readConfig(sources);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes;
    throw error;
  }
}
