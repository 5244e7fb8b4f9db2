import { readFile } from 'node:fs/promises';

/** What SQLite's write-ahead log holds since it was last begun anew. */
export interface WalCount {
  readonly commits: number;
  readonly pages: number;
  /** Changes when the log is begun anew; counts of two salts cannot be compared. */
  readonly salt: string;
}

const HEADER = 32;
const FRAME_HEADER = 24;

/**
 * Counts commits as the file format has them (sqlite.org/fileformat2.html, section 4): a frame whose header names the
 * size of the database ends a transaction; frames with another salt are left over from before.
 */
export async function countWal(database: string): Promise<WalCount> {
  const log = await readFile(`${database}-wal`);
  if (log.length < HEADER) return { commits: 0, pages: 0, salt: '' };
  const pageBytes = log.readUInt32BE(8);
  const salt = log.toString('hex', 16, 24);
  let commits = 0;
  let pages = 0;
  for (let at = HEADER; at + FRAME_HEADER + pageBytes <= log.length; at += FRAME_HEADER + pageBytes) {
    if (log.toString('hex', at + 8, at + 16) !== salt) break;
    pages += 1;
    if (log.readUInt32BE(at + 4) !== 0) commits += 1;
  }
  return { commits, pages, salt };
}
