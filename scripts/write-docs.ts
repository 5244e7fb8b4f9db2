import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileSchema } from '../packages/server/src/config/backends/json-schema.ts';
import { configurationMarkdown } from '../packages/server/src/config/markdown.ts';

/**
 * Writes the pages of docs/ that are made from code. With `--check` it writes nothing and exits with 1 when a page
 * differs from what it would write.
 */
const root = join(import.meta.dirname, '..');
const pages = [
  { path: join(root, 'docs', 'configuration.md'), text: configurationMarkdown() },
  { path: join(root, 'docs', 'inbetween.schema.json'), text: fileSchema() },
];
const checking = process.argv.includes('--check');

for (const { path, text } of pages) {
  const name = relative(root, path);
  const current = await readFile(path, 'utf8').catch(() => undefined);
  if (current === text) continue;
  if (checking) {
    console.error(`${name} is not what the code says. Run: npm run docs`);
    process.exitCode = 1;
  } else {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
    console.log(`wrote ${name}`);
  }
}
