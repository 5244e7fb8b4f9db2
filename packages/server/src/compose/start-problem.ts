import { AllowListError } from '../adapters/net/allow-list.ts';
import { ForeignDatabase } from '../adapters/stores/sql/migrate.ts';
import { DataFolderError } from '../adapters/system/data-folder.ts';

/** A start that failed for a reason the operator can do something about, as a sentence; undefined for a bug. */
export function startProblem(error: unknown): string | undefined {
  if (error instanceof DataFolderError || error instanceof ForeignDatabase || error instanceof AllowListError)
    return error.message;
  const { code, address, port } = error as { code?: string; address?: string; port?: number };
  switch (code) {
    case 'EADDRINUSE':
      return `Something else listens on ${address}:${port} already. Choose another port with --port or PORT.`;
    case 'EADDRNOTAVAIL':
      return `This machine has no address ${address}. Set HOST to one of its own, or to 0.0.0.0 for all.`;
    case 'EACCES':
      return `This user may not listen on ${address}:${port}. Ports under 1024 need rights; choose another with --port or PORT.`;
    case 'ENOTFOUND':
      return 'HOST is not a name of this machine.';
    default:
      return undefined;
  }
}
