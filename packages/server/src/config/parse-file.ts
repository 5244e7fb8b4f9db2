import { parse } from 'yaml';
import type { ConfigFile } from './config-file.ts';

/** Parses YAML or JSON. Loaded where there is a file only: the parser takes several megabytes. */
export function parseFile(path: string, text: string): ConfigFile {
  try {
    const content: unknown = parse(text);
    const isObject = typeof content === 'object' && content !== null && !Array.isArray(content);
    return { path, content: isObject ? content : undefined };
  } catch {
    // Whatever the parser says about a position, the answer is the same: this is not an object.
    return { path, content: undefined };
  }
}
