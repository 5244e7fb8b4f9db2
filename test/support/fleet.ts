import { join } from 'node:path';
import { type PostgresCluster, startPostgres } from './postgres-cluster.ts';
import { S3_CREDENTIALS, type S3Server, startS3 } from './s3-server.ts';
import { runInbetween, type Scratch, type ServerProcess, type StartWish, startServer } from './server-process.ts';

/** A PostgreSQL server and an S3 server of a test's own, and any number of processes on both. */
export interface Fleet extends AsyncDisposable {
  readonly postgres: PostgresCluster;
  readonly databaseUrl: string;
  readonly s3: S3Server;
  /** What each process is told of both. */
  readonly env: Readonly<Record<string, string>>;
  start(role: 'serve' | 'api' | 'worker', wish?: StartWish): Promise<ServerProcess>;
}

/** Starts both servers and migrates the database. @param durable see `startPostgres` */
export async function startFleet(scratch: Scratch, { durable = false } = {}): Promise<Fleet> {
  const postgres = await startPostgres({ durable });
  const databaseUrl = await postgres.database('inbetween');
  const s3 = await startS3({ folder: join(scratch.path, 's3') });
  const env = fleetEnvironment(databaseUrl, s3.port);
  const started: ServerProcess[] = [];
  const migrated = await runInbetween(['migrate'], { env });
  if (migrated.code !== 0) throw new Error(`migrate: ${migrated.err}`);
  return {
    postgres,
    databaseUrl,
    s3,
    env,
    async start(role, wish = {}) {
      const process = await startServer(scratch, { ...wish, role, env: { ...env, ...wish.env } });
      started.push(process);
      return process;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(started.map((process) => process.kill()));
      await s3.close();
      await postgres.close();
    },
  };
}

/** The settings of a process on this database and this S3 server. */
export function fleetEnvironment(databaseUrl: string, s3Port: number): Readonly<Record<string, string>> {
  return {
    DATABASE_URL: databaseUrl,
    PUBLIC_URL: 'http://videos.test',
    S3_BUCKET: 'videos',
    S3_ENDPOINT: `http://127.0.0.1:${s3Port}`,
    AWS_ACCESS_KEY_ID: S3_CREDENTIALS.id,
    AWS_SECRET_ACCESS_KEY: S3_CREDENTIALS.secret,
  };
}
