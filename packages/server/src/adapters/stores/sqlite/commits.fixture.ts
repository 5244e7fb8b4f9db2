import { readFileSync } from 'node:fs';

/** Commits in the log of a WAL database: frames that carry the size of the database after them. */
export function commitsInLog(path: string): number {
  const log = readFileSync(`${path}-wal`);
  const frame = 24 + log.readUInt32BE(8);
  let commits = 0;
  for (let at = 32; at + frame <= log.length; at += frame) {
    const ofThisLog = log.subarray(at + 8, at + 16).equals(log.subarray(16, 24));
    if (ofThisLog && log.readUInt32BE(at + 4) !== 0) commits += 1;
  }
  return commits;
}
