import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';

/** A promise is worth what its test is, so every file that SECURITY.md names must be there, and every row must name one. */

const ROOT = resolve(import.meta.dirname, '..');
const text = readFileSync(join(ROOT, 'SECURITY.md'), 'utf8');
const promises = text.slice(text.indexOf('## What is promised'), text.indexOf('## What is not promised'));
const rows = promises
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| promise'))
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .map(([, promise = '', held = '']) => ({
    promise,
    files: [...held.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name),
  }));

const pathOf = (name: string) => join(ROOT, name.startsWith('test/') ? '' : 'packages/server/src', name);

it('SECURITY.md makes promises', () => {
  expect(rows.length).toBeGreaterThan(20);
  console.log(`security: ${rows.length} promises, held by ${new Set(rows.flatMap(({ files }) => files)).size} files`);
});

it.each(rows.map(({ promise, files }) => [promise.slice(0, 60), files] as const))(
  '%s… is held by tests',
  (_promise, files) => {
    expect(files).not.toEqual([]);
    for (const name of files) {
      expect(name).toMatch(/\.(test|contract)\.ts$/);
      expect(existsSync(pathOf(name)), name).toBe(true);
    }
  },
);
