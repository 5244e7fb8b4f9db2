import { readFileSync } from 'node:fs';

/** Options of Node that `npm start` gives the server; what is measured is started with them, too. */
export function startFlags(): readonly string[] {
  const manifest = new URL('../../package.json', import.meta.url);
  const { scripts } = JSON.parse(readFileSync(manifest, 'utf8')) as { readonly scripts: { readonly start: string } };
  return scripts.start.split(' ').filter((word) => word.startsWith('--'));
}
