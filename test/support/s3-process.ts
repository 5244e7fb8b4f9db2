import { type ChildProcess, spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { freePort } from './postgres-cluster.ts';
import { cleanEnvironment } from './server-process.ts';

/** An S3 server in a process of its own, on one port and one folder for as long as the test lives. */
export interface S3Process {
  readonly port: number;
  start(): Promise<void>;
  kill(): Promise<void>;
}

export async function createS3Process(folder: string): Promise<S3Process> {
  const port = await freePort();
  let child: ChildProcess | undefined;
  process.once('exit', () => child?.kill('SIGKILL'));
  return {
    port,
    async start() {
      const started = spawn(process.execPath, [resolve(import.meta.dirname, 's3-main.ts'), folder, String(port)], {
        env: cleanEnvironment(),
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      child = started;
      await new Promise<void>((done, fail) => {
        started.stdout.once('data', () => done());
        started.once('exit', (code) => fail(new Error(`the S3 server ended with ${code}`)));
      });
    },
    async kill() {
      const dying = child;
      child = undefined;
      if (dying === undefined || dying.exitCode !== null || dying.signalCode !== null) return;
      const gone = new Promise((done) => dying.once('exit', done));
      dying.kill('SIGKILL');
      await gone;
    },
  };
}
