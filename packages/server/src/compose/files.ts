import { join } from 'node:path';

/** What lies where in a data folder. */
export function filesOf(folder: string) {
  return {
    database: join(folder, 'inbetween.db'),
    artifacts: join(folder, 'artifacts'),
    tmp: join(folder, 'tmp'),
    /** Says which database these files belong to, where that is not in the folder itself. */
    home: join(folder, 'files-of'),
    firstKey: join(folder, 'first-key'),
  };
}
