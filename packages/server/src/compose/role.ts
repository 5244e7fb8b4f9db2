import type { Config } from '../config/config.ts';

/** What a process is for: everything, answering callers, or making videos. */
export type Role = 'serve' | 'api' | 'worker';

/** A combination of settings that cannot work; the message tells the operator why and what to do. */
export class StartRefusal extends Error {
  override readonly name = 'StartRefusal';
}

/** @throws StartRefusal */
export function checkRole(role: Role, { postgres, s3, server, worker }: Config): void {
  if (role === 'serve') return;
  if (postgres === undefined) {
    throw new StartRefusal(
      `"inbetween ${role}" shares its videos with other processes, and the SQLite file of one process cannot be shared. Set DATABASE_URL to a PostgreSQL database, or use "inbetween serve", which does everything in one process.`,
    );
  }
  if (s3 === undefined) {
    throw new StartRefusal(
      `"inbetween ${role}" shares its files with other processes, and a folder of this machine cannot be shared. Set S3_BUCKET, or use "inbetween serve", which does everything in one process.`,
    );
  }
  if (role === 'worker' && worker.lanes.includes('deliver') && server.publicUrl === undefined) {
    throw new StartRefusal(
      'A worker that delivers webhooks writes the addresses of videos into them. Set PUBLIC_URL to where callers reach the APIs, or leave lane "deliver" out of --lanes.',
    );
  }
}
