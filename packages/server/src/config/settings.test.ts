import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { configurationMarkdown } from './markdown.ts';
import { GROUPS, longName, type Setting, shortName } from './setting.ts';
import { SETTING_KEYS, SETTINGS } from './settings.ts';

const all: readonly (readonly [string, Setting<unknown>])[] = Object.entries(SETTINGS);

describe.each(all)('%s', (key, { parser, fallback, unset, example, group, secret }) => {
  test('is declared as it is read', () => {
    expect(GROUPS).toContain(group);
    expect(fallback === undefined ? unset : parser.read(fallback)).toBeDefined();
    if (!secret) expect(parser.read(example)).toBeDefined();
    expect(key).toMatch(/^[a-z][A-Za-z0-9]+$/);
  });
});

test('no two settings share a name', () => {
  const names = SETTING_KEYS.flatMap((key) => [longName(key), shortName(key)]);
  expect(new Set(names).size).toBe(names.length);
});

test('every setting is on the reference page', () => {
  const page = configurationMarkdown();
  for (const key of SETTING_KEYS) expect(page).toContain(shortName(key));
});

test('docs/configuration.md is current (else: npm run docs)', async () => {
  const path = join(import.meta.dirname, '..', '..', '..', '..', 'docs', 'configuration.md');
  expect(await readFile(path, 'utf8')).toBe(configurationMarkdown());
});
