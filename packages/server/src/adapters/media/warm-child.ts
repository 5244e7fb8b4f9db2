import { Fault } from '../../domain/fault.ts';
import type { Log } from '../../ports/log.ts';
import { type Child, entryBeside, startChild } from '../system/child.ts';
import type { ChildEnded } from '../system/child-end.ts';
import type { MediaAnswer, MediaOrder } from './protocol.ts';
import { readAnswer } from './read-answer.ts';

/** How the media child is kept. */
export interface WarmChildOptions {
  readonly tmpFolder: string;
  readonly log: Log;
  /** Without work for so long it is let go. */
  readonly idleMs: number;
  /** After so many pictures it is replaced: whatever leaks, leaks no further. */
  readonly recycleAfter: number;
  /** Replaced when it holds more than this after a job. */
  readonly recycleBytes: number;
  readonly memoryBytes: number;
  /** One job may take no longer. */
  readonly jobMs: number;
}

/** An order before it has its number. */
export type MediaWish = MediaOrder extends infer Order ? (Order extends MediaOrder ? Omit<Order, 'id'> : never) : never;

/** The one job that runs. */
interface Waiting {
  readonly child: Child;
  readonly id: number;
  readonly resolve: (answer: MediaAnswer) => void;
  readonly reject: (fault: Fault) => void;
}

/**
 * One media child, started with the first job and kept for the next. One job at a time: when it crashes, the job that
 * made it crash is known, and no innocent one goes down with it.
 */
export class WarmChild {
  readonly #options: WarmChildOptions;
  #child: Child | undefined;
  #waiting: Waiting | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #idle: NodeJS.Timeout | undefined;
  #load = 0;
  #orders = 0;
  #pictures = 0;
  #closed = false;

  constructor(options: WarmChildOptions) {
    this.#options = options;
  }

  /** Jobs that run or wait. */
  get load(): number {
    return this.#load;
  }

  /** Its memory as last seen; undefined when there is no child now. */
  get residentBytes(): number | undefined {
    return this.#child?.residentBytes;
  }

  /** The process; undefined when there is none now. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Starts the child if there is none, so that the first job need not wait for it. */
  warm(): void {
    if (!this.#closed) this.#started();
  }

  /**
   * Runs one job when its turn comes and settles when the child is done with it, so that its files may be removed then.
   * A job whose signal is aborted before its turn is not begun.
   * @throws Fault: the child's own, or `internal_error` when it was lost
   */
  run(wish: MediaWish, signal: AbortSignal): Promise<MediaAnswer> {
    this.#load += 1;
    const work = this.#turn.then(() => this.#execute(wish, signal));
    this.#turn = work.then(
      () => this.#ended(),
      () => this.#ended(),
    );
    return work;
  }

  /** Ends the child; jobs that run or wait end with a fault. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#idle);
    await this.#child?.kill('stopped');
    await this.#turn;
  }

  #ended(): void {
    this.#load -= 1;
  }

  async #execute(wish: MediaWish, signal: AbortSignal): Promise<MediaAnswer> {
    signal.throwIfAborted();
    if (this.#closed) throw shuttingDown();
    clearTimeout(this.#idle);
    const child = this.#started();
    const wall = setTimeout(() => void child.kill('wall'), this.#options.jobMs);
    try {
      return await this.#ask(child, { ...wish, id: ++this.#orders });
    } finally {
      clearTimeout(wall);
      this.#waiting = undefined;
      this.#pictures += wish.kind === 'prepare' ? 2 : 0;
      this.#recycleOrWait(child);
    }
  }

  #ask(child: Child, order: MediaOrder): Promise<MediaAnswer> {
    return new Promise((resolve, reject) => {
      this.#waiting = { child, id: order.id, resolve, reject };
      child.send(order);
    });
  }

  #started(): Child {
    if (this.#child !== undefined) return this.#child;
    const { memoryBytes, tmpFolder, log } = this.#options;
    const child = startChild({
      name: 'media',
      entry: entryBeside(import.meta.url, 'child'),
      limits: { memoryBytes },
      log,
      // libvips puts what is too large for memory into TMPDIR. Few arenas: decoding threads come and go, and glibc
      // would otherwise keep what each of them freed.
      environment: { TMPDIR: tmpFolder, MALLOC_ARENA_MAX: '2' },
      onMessage: (body) => this.#receive(body),
    });
    this.#child = child;
    this.#pictures = 0;
    void child.ended.then((end) => this.#lose(child, end));
    return child;
  }

  #receive(body: unknown): void {
    const answer = readAnswer(body);
    if (answer === undefined) this.#options.log.error({}, 'media child sent an answer of no known shape');
    else if (answer.id === this.#waiting?.id) this.#waiting.resolve(answer);
  }

  #lose(child: Child, end: ChildEnded): void {
    if (this.#child === child) this.#child = undefined;
    if (this.#waiting?.child !== child) return;
    if (!this.#closed) {
      this.#options.log.warn({ reason: end.reason, signal: end.signal, output: end.output }, 'media child lost');
    }
    this.#waiting.reject(this.#closed ? shuttingDown(end) : lost(end));
  }

  #recycleOrWait(child: Child): void {
    const { recycleAfter, recycleBytes, idleMs, log } = this.#options;
    if (this.#child !== child || this.#closed) return;
    if (this.#pictures >= recycleAfter || child.residentBytes > recycleBytes) {
      log.debug({ pictures: this.#pictures, residentBytes: child.residentBytes }, 'media child is replaced');
      this.#letGo(child);
      return;
    }
    this.#idle = setTimeout(() => this.#letGo(child), idleMs);
    this.#idle.unref();
  }

  #letGo(child: Child): void {
    if (this.#child === child) this.#child = undefined;
    void child.stop();
  }
}

function shuttingDown(cause?: unknown): Fault {
  return new Fault('shutting_down', 'The server is shutting down. Try again.', { cause });
}

/** Retryable by kind: the retry rule decides how often a pair may take its reader down. */
function lost(end: ChildEnded): Fault {
  return new Fault('internal_error', 'The pictures could not be read: their reader stopped.', { cause: end });
}
