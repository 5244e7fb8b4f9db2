import { readFile } from 'node:fs/promises';
import { configChecks } from '../compose/config-checks.ts';
import type { Config } from '../config/config.ts';
import { ConfigError } from '../config/config-error.ts';
import { loadConfig } from '../config/load-config.ts';
import type { SettingKey } from '../config/settings.ts';
import { CommandFailure } from './console.ts';

/** Flags by setting; undefined ones were not given. */
export type SettingFlags = Readonly<Partial<Record<SettingKey, string | undefined>>>;

/**
 * Reads the configuration: flag > environment > file > default. The one place that looks at the environment; `bare`
 * leaves it and any file out, so that a command that must never cost money cannot be sent to a billed service.
 */
export async function settle(flags: SettingFlags, { bare = false } = {}): Promise<Config> {
  try {
    const sources = { flags, env: bare ? {} : process.env, ...configChecks };
    return await loadConfig(sources, (path) => readFile(path, 'utf8'), { discover: !bare });
  } catch (error) {
    if (error instanceof ConfigError) throw new CommandFailure(error.message, 2);
    throw error;
  }
}
