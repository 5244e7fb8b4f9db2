import { Worker } from 'node:worker_threads';
import type { Task, TaskAnswer, TaskMessage, ThreadStart } from './protocol.ts';

interface Pending {
  readonly task: Task;
  /** Runs on the caller's thread before this worker thread gets its next task. */
  readonly collect: ((thread: number, result: unknown) => void) | null;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** A fixed set of worker threads that take tasks from one queue, or tasks meant for one of them. */
export class Threads {
  private readonly workers: Worker[] = [];
  private readonly busy: (Pending | null)[];
  private readonly queue: Pending[] = [];
  private readonly own: Pending[][];
  private next = 1;
  private ended: unknown = null;

  constructor(count: number, start: (thread: number) => ThreadStart) {
    this.busy = new Array<Pending | null>(count).fill(null);
    this.own = Array.from({ length: count }, () => []);
    for (let thread = 0; thread < count; thread++) {
      const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: start(thread) });
      worker.on('message', (answer: TaskAnswer) => this.settle(thread, answer));
      worker.on('error', (error) => this.end(error));
      this.workers.push(worker);
    }
  }

  /** Does a task on whichever thread is free first. */
  run(task: Task, collect: Pending['collect'] = null): Promise<unknown> {
    return this.enqueue(this.queue, task, collect);
  }

  /** Does a task once on every thread. */
  async runEverywhere(task: Task): Promise<void> {
    await Promise.all(this.own.map((queue) => this.enqueue(queue, task, null)));
  }

  /** Kills the threads; everything unfinished fails with `reason`. Idempotent. */
  async end(reason: unknown): Promise<void> {
    if (this.ended === null) {
      this.ended = reason;
      const unfinished = [...this.busy, ...this.queue, ...this.own.flat()];
      this.busy.fill(null);
      this.queue.length = 0;
      for (const queue of this.own) queue.length = 0;
      for (const pending of unfinished) pending?.reject(reason);
    }
    await Promise.all(this.workers.map((worker) => worker.terminate()));
  }

  private enqueue(queue: Pending[], task: Task, collect: Pending['collect']): Promise<unknown> {
    if (this.ended !== null) return Promise.reject(this.ended);
    return new Promise((resolve, reject) => {
      queue.push({ task, collect, resolve, reject });
      this.dispatch();
    });
  }

  private dispatch(): void {
    for (let thread = 0; thread < this.workers.length; thread++) {
      if (this.busy[thread] !== null) continue;
      const pending = this.own[thread]?.shift() ?? this.queue.shift();
      if (pending === undefined) continue;
      this.busy[thread] = pending;
      const message: TaskMessage = { id: this.next++, task: pending.task };
      this.workers[thread]?.postMessage(message);
    }
  }

  private settle(thread: number, answer: TaskAnswer): void {
    const pending = this.busy[thread] ?? null;
    this.busy[thread] = null;
    if (pending !== null) {
      if ('error' in answer) pending.reject(new Error(`The ${pending.task.kind} step failed: ${answer.error}`));
      else {
        pending.collect?.(thread, answer.result);
        pending.resolve(answer.result);
      }
    }
    this.dispatch();
  }
}
