import type { Config } from './config.ts';
import { ConfigError, type Mistake } from './config-error.ts';
import { type ConfigSources, readConfig } from './read-config.ts';
import { flagName, longName } from './setting.ts';

/**
 * Reads the configuration with the file that `--config` or `INBETWEEN_CONFIG` names, if one does.
 *
 * @param readText reads a file as text; passed in, because this folder knows the world as little as the domain does
 * @throws ConfigError with every mistake there is
 */
export async function loadConfig(
  sources: Omit<ConfigSources, 'file'>,
  readText: (path: string) => Promise<string>,
): Promise<Config> {
  const flag = sources.flags.config?.trim() ?? '';
  const path = flag === '' ? (sources.env[longName('config')]?.trim() ?? '') : flag;
  if (path === '') return readConfig(sources);
  const text = await readText(path).catch(() => undefined);
  if (text !== undefined) return readConfig({ ...sources, file: { path, text } });
  const name = flag === '' ? longName('config') : `--${flagName('config')}`;
  throw new ConfigError([
    { name, found: `"${path}", which cannot be read`, allowed: 'the path of a JSON file' },
    ...mistakesWithoutFile(sources),
  ]);
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
