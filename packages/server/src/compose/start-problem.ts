import { BucketError } from '../adapters/artifacts/s3/errors.ts';
import { AllowListError } from '../adapters/net/allow-list.ts';
import { ProvenanceError } from '../adapters/provenance/c2pa.ts';
import { databaseRefusal } from '../adapters/stores/postgres/errors.ts';
import { CopyError } from '../adapters/stores/sql/copy.ts';
import { ForeignDatabase } from '../adapters/stores/sql/migrate.ts';
import { DataFolderError } from '../adapters/system/data-folder.ts';
import { Fault } from '../domain/fault.ts';
import { UnusableGraph } from './graph-file.ts';
import { UnlistedBackend } from './pins.ts';
import { StartRefusal } from './role.ts';

/** A start that failed for a reason the operator can do something about, as a sentence; undefined for a bug. */
export function startProblem(error: unknown): string | undefined {
  const known = [
    DataFolderError,
    ForeignDatabase,
    AllowListError,
    BucketError,
    CopyError,
    ProvenanceError,
    StartRefusal,
    UnlistedBackend,
    UnusableGraph,
  ];
  if (error instanceof Error && known.some((kind) => error instanceof kind)) return error.message;
  if (error instanceof Fault && error.code === 'storage_unavailable')
    return 'The database of DATABASE_URL does not answer. Check its host and port, and that it is up.';
  const refusal = databaseRefusal(error);
  if (refusal !== undefined) return refusal;
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
