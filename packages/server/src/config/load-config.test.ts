import { expect, test } from 'vitest';
import { loadConfig } from './load-config.ts';

const files: Readonly<Record<string, string>> = { 'one.json': '{"port": 1}', 'two.json': '{"port": 2}' };
const readText = async (path: string) => {
  const text = files[path];
  if (text === undefined) throw new Error('ENOENT');
  return text;
};

test('without a file there is none', async () => {
  expect((await loadConfig({ flags: {}, env: { INBETWEEN_CONFIG: '' } }, readText)).server.port).toBe(8787);
});

test('the file is named by flag or variable', async () => {
  const env = { INBETWEEN_CONFIG: 'one.json' };
  expect((await loadConfig({ flags: {}, env }, readText)).server.port).toBe(1);
  expect((await loadConfig({ flags: { config: 'two.json' }, env }, readText)).server.port).toBe(2);
});

test('a file that cannot be read is a mistake among the others', async () => {
  const loading = loadConfig({ flags: {}, env: { INBETWEEN_CONFIG: 'missing.json', PORT: 'x' } }, readText);
  await expect(loading).rejects.toMatchObject({
    name: 'ConfigError',
    mistakes: [{ name: 'INBETWEEN_CONFIG', found: '"missing.json", which cannot be read' }, { name: 'PORT' }],
  });
});
