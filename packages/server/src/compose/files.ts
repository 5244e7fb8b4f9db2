import { join } from 'node:path';

/** What lies where in a data folder. */
export function filesOf(folder: string) {
  return {
    database: join(folder, 'inbetween.db'),
    artifacts: join(folder, 'artifacts'),
    tmp: join(folder, 'tmp'),
    firstKey: join(folder, 'first-key'),
  };
}
