import { flushCompileCache } from 'node:module';
import { Worker } from 'node:worker_threads';
import type { FromChild, ToChild } from './child-protocol.ts';

/** What a child's work may use. */
export interface ChildWork {
  /** Tells the parent; what cannot be told any more is dropped, for then the parent is gone and so are we. */
  send(body: unknown): void;
  /** Aborted when the parent asks us to stop. */
  readonly signal: AbortSignal;
}

const MEMORY_MS = 1_000;

/**
 * The main function of a child process: calls `work` for every message of the parent. Work that throws is a bug and
 * ends the child; expected failures are messages.
 *
 * The child dies with its parent: when the channel closes, or, should this thread be too busy to notice, by a watching
 * thread that sees itself adopted. Signals that reach a whole service at once (Ctrl-C, systemd) are left to the parent.
 */
export function childMain(name: string, work: (body: unknown, tools: ChildWork) => Promise<void> | void): void {
  const abort = new AbortController();
  let running = 0;
  let kept = false;
  const endIfIdle = () => {
    if (abort.signal.aborted && running === 0) process.exit(0);
  };
  const send = (body: unknown) => post({ kind: 'message', body, residentBytes: process.memoryUsage.rss() });

  process.title = `inbetween ${name}`;
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => {});
  process.on('disconnect', endGroup);
  // The parent may have died while our modules were loading.
  if (!process.connected) endGroup();
  watchParent();
  setInterval(() => post({ kind: 'memory', residentBytes: process.memoryUsage.rss() }), MEMORY_MS).unref();

  process.on('message', (message: ToChild) => {
    if (message.kind === 'stop') {
      abort.abort(new Error('the parent asked to stop'));
      endIfIdle();
      return;
    }
    running += 1;
    void Promise.resolve(work(message.body, { send, signal: abort.signal })).finally(() => {
      running -= 1;
      endIfIdle();
      // By now all code is loaded; kept at once, for a child is more often killed than asked to stop.
      if (!kept) flushCompileCache();
      kept = true;
    });
  });
}

function post(message: FromChild): void {
  if (process.connected) process.send?.(message, () => {});
}

/** Ends us and all we started: an encoder must not outlive the parent either. */
function endGroup(): void {
  try {
    process.kill(-process.pid, 'SIGKILL');
  } catch {
    process.exit(1);
  }
}

/** Plain JavaScript, and small: it is a thread of every child. */
const WATCHER = `
const { workerData: parent } = require('node:worker_threads');
setInterval(() => {
  if (process.ppid === parent) return;
  try { process.kill(-process.pid, 'SIGKILL'); } catch { process.kill(process.pid, 'SIGKILL'); }
}, 1000);
`;

/** A tight loop in native or compiled code would keep this thread from hearing the channel close. */
function watchParent(): void {
  const limits = { maxOldGenerationSizeMb: 16 };
  const watcher = new Worker(WATCHER, { eval: true, env: {}, workerData: process.ppid, resourceLimits: limits });
  // Without it we only lose the second way to notice.
  watcher.on('error', () => {});
  watcher.unref();
}
