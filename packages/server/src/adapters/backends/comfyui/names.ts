import { createHash } from 'node:crypto';
import type { EngineFile } from './client.ts';

/** Pictures of all attempts lie in one folder under names made of their content, so that the same one is kept once. */
export const INPUT_FOLDER = 'inbetween';

export function pictureName(png: Uint8Array): string {
  return `${createHash('sha256').update(png).digest('hex').slice(0, 32)}.png`;
}

/** Each prompt saves into a folder of its own: another prompt's file is never mistaken for it, and a cached one neither. */
export const folderOf = (prompt: string) => `inbetween/${prompt}`;

const FILE = 'out';

/** What the saving node is told. */
export const prefixOf = (prompt: string) => `${folderOf(prompt)}/${FILE}`;

/** Where the first and only file then is: SaveVideo's name for it, and that of the video node most people add. */
export function filesOf(prompt: string): readonly EngineFile[] {
  const names = [`${FILE}_00001_.mp4`, `${FILE}_00001.mp4`];
  return names.map((filename) => ({ filename, subfolder: folderOf(prompt), type: 'output' }));
}

/** The id of a prompt's second chance: a canonical UUID (version 8) that follows from the first one. */
export function secondOf(prompt: string): string {
  const hex = createHash('sha256').update(`${prompt} once more`).digest('hex');
  const [a, b, c, d, e] = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(13, 16), hex.slice(17, 20), hex.slice(20, 32)];
  return `${a}-${b}-8${c}-8${d}-${e}`;
}
