import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { Client } from 'pg';
import { until } from './until.ts';

/** A PostgreSQL server of a test's own, on a free port of loopback, gone with all its data afterwards. */
export interface PostgresCluster {
  readonly port: number;
  /** Makes an empty database and gives its URL. */
  database(name: string): Promise<string>;
  /** As a power cut does it: everything that was not on the disk is gone. */
  kill(): Promise<void>;
  /** Starts it again on the same data and the same port. */
  start(): Promise<void>;
  signal(name: NodeJS.Signals): void;
  close(): Promise<void>;
}

/** Where Debian keeps the programs that are on no path, newest first, and whatever is on the path. */
function programs(): string | undefined {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).toSorted((a, b) => Number(b) - Number(a)) : [];
  const folders = [
    ...versions.map((version) => join(debian, version, 'bin')),
    ...(process.env['PATH'] ?? '').split(delimiter),
  ];
  return folders.find((folder) => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres')));
}

const PROGRAMS = programs();

/**
 * Whether PostgreSQL is installed. Where it is not, its tests are left out on a developer's machine, which is said; in CI
 * that is an error.
 */
export function hasPostgres(): boolean {
  if (PROGRAMS !== undefined) return true;
  const remedy = 'PostgreSQL is not installed (Debian: apt-get install postgresql)';
  if (process.env['CI'] === 'true') throw new Error(`${remedy}; in CI its tests must run.`);
  console.warn(`${remedy}; its tests are left out.`);
  return false;
}

/** PostgreSQL refuses to run as root; then it runs as the user its package made, or as nobody. */
function unprivileged(): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  const user = users.find(([name]) => name === 'postgres') ?? users.find(([name]) => name === 'nobody');
  return { uid: Number(user?.[2] ?? 65534), gid: Number(user?.[3] ?? 65534) };
}

const running = new Set<ChildProcess>();
// Immediate shutdown of whatever a broken-off test run leaves; a killed postmaster would leave its children.
process.once('exit', () => {
  for (const child of running) child.kill('SIGQUIT');
});

/** @param durable whether commits wait for the disk, for tests that kill it */
export async function startPostgres({ durable = false } = {}): Promise<PostgresCluster> {
  if (PROGRAMS === undefined) throw new Error('PostgreSQL is not installed');
  const as = unprivileged();
  const folder = mkdtempSync(join(tmpdir(), 'inbetween-pg-'));
  if (as !== undefined) chownSync(folder, as.uid, as.gid);
  const data = join(folder, 'data');
  const run = { cwd: folder, env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C' }, ...as };
  execFileSync(
    join(PROGRAMS, 'initdb'),
    [
      '--pgdata',
      data,
      '--username',
      'inbetween',
      '--auth',
      'trust',
      '--encoding',
      'UTF8',
      '--locale',
      'C',
      '--no-sync',
    ],
    { ...run, stdio: ['ignore', 'ignore', 'inherit'] },
  );
  const port = await freePort();
  let server: ChildProcess | undefined;

  async function start(): Promise<void> {
    const settings = {
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      max_connections: '200',
      fsync: durable ? 'on' : 'off',
      shared_buffers: '32MB',
      log_min_messages: 'fatal',
      max_wal_size: '256MB',
    };
    const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const child = spawn(join(PROGRAMS ?? '', 'postgres'), ['-D', data, '-p', String(port), ...flags], {
      ...run,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said = `${said}${text}`.slice(-2_000);
    });
    running.add(child);
    child.once('close', () => running.delete(child));
    server = child;
    await until(
      'PostgreSQL',
      async () => {
        if (child.exitCode !== null) throw new Error(`PostgreSQL ended with ${child.exitCode}: ${said}`);
        return answers(port);
      },
      { limitMs: 60_000 },
      () => said,
    );
  }

  async function stop(signal: NodeJS.Signals): Promise<void> {
    const child = server;
    server = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGCONT');
    child.kill(signal);
    await gone;
  }

  await start();
  return {
    port,
    start,
    async database(name) {
      await query(port, 'postgres', `create database ${name}`);
      return urlOf(port, name);
    },
    // Immediate shutdown: no checkpoint, recovery from the log at the next start, and no orphans that hold the port.
    kill: () => stop('SIGQUIT'),
    signal: (name) => void server?.kill(name),
    async close() {
      await stop('SIGQUIT');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export function urlOf(port: number, database: string): string {
  return `postgres://inbetween@127.0.0.1:${port}/${database}`;
}

async function answers(port: number): Promise<boolean> {
  return query(port, 'postgres', 'select 1').then(
    () => true,
    () => false,
  );
}

async function query(port: number, database: string, text: string): Promise<void> {
  const client = new Client({ connectionString: urlOf(port, database), connectionTimeoutMillis: 2_000 });
  client.on('error', () => {});
  await client.connect();
  try {
    await client.query(text);
  } finally {
    await client.end();
  }
}

/** A port that nobody listens on now. Another may take it before we do; then the start fails and says so. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
