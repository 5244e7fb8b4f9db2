import { setTimeout as pause } from 'node:timers/promises';
import type { Api } from './api.ts';
import { type Ended, type Scratch, type ServerProcess, type StartWish, startServer } from './server-process.ts';

/** A process that is started again whenever it ends, as an orchestrator does, also when it refuses to start. */
export interface Supervised {
  readonly name: string;
  /** Of the process that runs now; undefined while none does. */
  api(): Api | undefined;
  /** It is there and does not stand still. */
  runs(): boolean;
  up(): Promise<void>;
  /** As a power cut does it; the next one is started meanwhile. */
  kill(): Promise<void>;
  /** Stands still for so long and then goes on, knowing nothing of it. */
  standStill(ms: number): Promise<void>;
  /** Asks it to stop, and starts no other. */
  stop(): Promise<Ended>;
  /** Kills it, and starts no other. */
  end(): Promise<void>;
}

let made = 0;

export function createSupervised(scratch: Scratch, role: 'api' | 'worker', wish: StartWish): Supervised {
  made += 1;
  const name = `${role} ${made}`;
  let running: ServerProcess | undefined;
  let over = false;
  let standing = false;
  let starting: Promise<void> = Promise.resolve();

  async function start(): Promise<void> {
    while (!over) {
      try {
        const process = await startServer(scratch, { ...wish, role });
        running = process;
        void process.ended.then(() => {
          if (running === process) running = undefined;
          if (!over) starting = start();
        });
        return;
      } catch {
        // The database or the bucket is away right now, or the machine is slow.
        await pause(300);
      }
    }
  }

  return {
    name,
    api: () => running?.api,
    runs: () => running !== undefined && !standing,
    async up() {
      if (running === undefined) starting = start();
      await starting;
    },
    async kill() {
      // One that stands still is dead enough; it is to wake up and find out.
      if (standing) return;
      await running?.kill();
    },
    async standStill(ms) {
      const process = running;
      if (process === undefined || standing) return;
      standing = true;
      process.signal('SIGSTOP');
      await pause(ms);
      process.signal('SIGCONT');
      standing = false;
    },
    async stop() {
      over = true;
      await starting;
      return (await running?.stop()) ?? { code: 0, signal: null };
    },
    async end() {
      over = true;
      running?.signal('SIGCONT');
      await running?.kill();
      await starting;
      await running?.kill();
    },
  };
}
