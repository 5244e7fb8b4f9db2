import { CommandFailure } from './console.ts';

/** What the operating system refuses is told in a sentence, not as a stack; anything else stays what it is. */
export function asFailure(error: unknown): unknown {
  const { code, path } = error as { code?: string; path?: string };
  if (path === undefined && code !== 'ENOSPC') return error;
  switch (code) {
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new CommandFailure(`Writing to ${path} is not allowed.`);
    case 'ENOSPC':
      return new CommandFailure('There is no room left on the disk.');
    case 'ENOENT':
      return new CommandFailure(`${path} cannot be made there.`);
    case 'EISDIR':
    case 'ENOTDIR':
    case 'EEXIST':
      return new CommandFailure(`${path} cannot be written: there is something else of that name.`);
    default:
      return error;
  }
}
