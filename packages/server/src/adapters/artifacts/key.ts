const SEGMENT = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}$/;
const MAX_LENGTH = 1000;

/**
 * Checks a key: `/`-separated segments of `[A-Za-z0-9._-]`, none empty and none starting with a dot, so that a key can
 * neither leave its folder nor name a hidden file. Throws a RangeError: keys are made by us, a bad one is a bug.
 */
export function checkKey(key: string): void {
  if (key.length > MAX_LENGTH || !key.split('/').every((segment) => SEGMENT.test(segment))) {
    throw new RangeError(`not an artifact key: ${JSON.stringify(key.slice(0, 200))}`);
  }
}

/** Checks a prefix that names everything below it: a key and a final `/`. */
export function checkFolderPrefix(prefix: string): void {
  if (!prefix.endsWith('/')) throw new RangeError(`a prefix to remove ends in "/": ${JSON.stringify(prefix)}`);
  checkKey(prefix.slice(0, -1));
}

/** Splits a prefix to list into its whole folders and the beginning of a name; either may be empty. */
export function splitPrefix(prefix: string): { readonly folder: string; readonly start: string } {
  const slash = prefix.lastIndexOf('/');
  const folder = prefix.slice(0, Math.max(0, slash));
  if (slash >= 0) checkKey(folder);
  const start = prefix.slice(slash + 1);
  if (start !== '') checkKey(start);
  return { folder, start };
}
