import type { Mistake } from './config-error.ts';
import { nearest } from './nearest.ts';
import { longName } from './setting.ts';
import { SETTING_KEYS, SETTINGS, type SettingKey } from './settings.ts';

/** A configuration file as it was read. */
export interface ConfigFile {
  readonly path: string;
  readonly text: string;
}

/** The text of a setting, and the name it was found under. */
export interface Found {
  readonly name: string;
  readonly text: string;
}

/** What a file may hold: not where the file itself is, and no secrets. */
const READABLE = SETTING_KEYS.filter((key) => key !== 'config' && !SETTINGS[key].secret);

/** Reads a JSON file of settings; adds to `mistakes` what is wrong with it. */
export function readFileValues(file: ConfigFile | undefined, mistakes: Mistake[]): ReadonlyMap<SettingKey, Found> {
  const values = new Map<SettingKey, Found>();
  if (file === undefined) return values;
  const content = parseObject(file.text);
  if (content === undefined) {
    mistakes.push({ name: file.path, found: 'something else', allowed: 'a file with one JSON object' });
    return values;
  }
  for (const [name, value] of Object.entries(content)) {
    const key = READABLE.find((candidate) => candidate === name);
    const place = `${file.path}: ${name}`;
    if (key === undefined) {
      mistakes.push({ name: place, ...unknownKey(name) });
    } else if (typeof value === 'string' || typeof value === 'number') {
      values.set(key, { name: place, text: String(value) });
    } else {
      mistakes.push({ name: place, found: JSON.stringify(value), allowed: 'a text or a number' });
    }
  }
  return values;
}

function unknownKey(name: string): Pick<Mistake, 'found' | 'allowed'> {
  if (SETTING_KEYS.some((key) => key === name && SETTINGS[key].secret)) {
    return { found: 'a secret', allowed: `only the variable ${longName(name)}` };
  }
  const near = nearest(name, READABLE);
  return { found: 'an unknown key', allowed: near === undefined ? `one of ${READABLE.join(', ')}` : `perhaps ${near}` };
}

function parseObject(text: string): object | undefined {
  try {
    const content: unknown = JSON.parse(text);
    return typeof content === 'object' && content !== null && !Array.isArray(content) ? content : undefined;
  } catch {
    // Whatever the parser says about a position, the answer is the same: this is not a JSON object.
    return undefined;
  }
}
