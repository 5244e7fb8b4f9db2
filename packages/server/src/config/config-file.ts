import { type ReadSections, readSections, SECTION_NAMES } from './backends/read-sections.ts';
import type { Mistake } from './config-error.ts';
import { nearest } from './nearest.ts';
import { longName } from './setting.ts';
import { SETTING_KEYS, SETTINGS, type SettingKey } from './settings.ts';

/** A configuration file as it was parsed. */
export interface ConfigFile {
  readonly path: string;
  /** Undefined when it holds no object. */
  readonly content: object | undefined;
}

/** The text of a setting, and the name it was found under. */
export interface Found {
  readonly name: string;
  readonly text: string;
}

/** What a file may hold: not where the file itself is, and no secrets. */
const READABLE = SETTING_KEYS.filter((key) => key !== 'config' && !SETTINGS[key].secret);

/** What stands in a file: settings by key, and the sections that are no settings. */
export interface FileContent {
  readonly settings: ReadonlyMap<SettingKey, Found>;
  readonly sections: ReadSections;
}

/** Reads a YAML or JSON file; adds to `mistakes` everything that is wrong with it. */
export function readFileContent(file: ConfigFile | undefined, mistakes: Mistake[]): FileContent {
  const settings = new Map<SettingKey, Found>();
  const nothing = { settings, sections: { sections: {}, faulty: new Map() } };
  if (file === undefined) return nothing;
  const { content } = file;
  if (content === undefined) {
    mistakes.push({ name: file.path, found: 'something else', allowed: 'a file with one YAML or JSON object' });
    return nothing;
  }
  for (const [name, value] of Object.entries(content)) {
    if (SECTION_NAMES.includes(name)) continue;
    const key = READABLE.find((candidate) => candidate === name);
    const place = `${file.path}: ${name}`;
    if (key === undefined) {
      mistakes.push({ name: place, ...unknownKey(name) });
    } else if (typeof value === 'string' || typeof value === 'number') {
      settings.set(key, { name: place, text: String(value) });
    } else {
      mistakes.push({ name: place, found: JSON.stringify(value), allowed: 'a text or a number' });
    }
  }
  return { settings, sections: readSections(content, file.path, mistakes) };
}

function unknownKey(name: string): Pick<Mistake, 'found' | 'allowed'> {
  if (SETTING_KEYS.some((key) => key === name && SETTINGS[key].secret)) {
    return { found: 'a secret', allowed: `only the variable ${longName(name)}` };
  }
  const known = [...READABLE, ...SECTION_NAMES];
  const near = nearest(name, known);
  return { found: 'an unknown key', allowed: near === undefined ? `one of ${known.join(', ')}` : `perhaps ${near}` };
}
