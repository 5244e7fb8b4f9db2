import { type ChildProcess, fork } from 'node:child_process';
import { getCompileCacheDir } from 'node:module';
import { dirname } from 'node:path';
import type { Readable } from 'node:stream';
import type { Log } from '../../ports/log.ts';
import { ChildEnded, type EndReason } from './child-end.ts';
import { type ChildOutput, readOutput } from './child-output.ts';
import { readFromChild, type ToChild } from './child-protocol.ts';
import { residentBytesOf } from './process-memory.ts';

/** What a child may use before it is killed. */
export interface ChildLimits {
  readonly memoryBytes: number;
  /** From start to end. Absent: as long as its parent wants. */
  readonly wallMs?: number;
  /** Longest silence between two messages. Absent: a child may idle. */
  readonly stallMs?: number;
  /** How long a child may take to stop politely. */
  readonly graceMs?: number;
  /** How often memory is looked at. */
  readonly watchMs?: number;
}

/** How a child is started. */
export interface ChildOptions {
  /** Shown in logs and in the cause of faults, such as `renderer`. */
  readonly name: string;
  /** The entry file, which calls `childMain`; see `entryBeside`. */
  readonly entry: URL;
  readonly limits: ChildLimits;
  readonly log: Log;
  /**
   * All of the child's environment besides the locale and the folder of compiled code; nothing of ours is inherited, so
   * no key can leak.
   */
  readonly environment?: Readonly<Record<string, string>>;
  readonly onMessage: (body: unknown) => void;
  /** Aborting is `stop()`. */
  readonly signal?: AbortSignal;
}

/** A running child process. */
export interface Child {
  readonly pid: number | undefined;
  /** Its memory as last seen. */
  readonly residentBytes: number;
  /** Resolves when the process is gone and all its messages were delivered; never rejects. */
  readonly ended: Promise<ChildEnded>;
  /** Sends a message; to a child that has ended it goes nowhere. */
  send(body: unknown): void;
  /** Asks it to stop, and kills it soon after. Idempotent. */
  stop(): Promise<ChildEnded>;
  /** Kills it at once, with all it started. */
  kill(reason: EndReason): Promise<ChildEnded>;
}

const GRACE_MS = 1_000;
const WATCH_MS = 500;
/** A child that is gone may have left its pipes to a grandchild; we don't wait for those for ever. */
const CLOSE_MS = 1_000;

/** The file `<name>` beside the asking module: `.ts` when run from source, `.js` when published. */
export function entryBeside(module: string, name: string): URL {
  return new URL(`./${name}${module.endsWith('.ts') ? '.ts' : '.js'}`, module);
}

/** Where our compiled code is kept, if it is: half of what a child does until it works is compiling. */
export function compiledCode(): Readonly<Record<string, string>> {
  // Node keeps each version's in a folder of its own inside the one that it is given.
  const folder = getCompileCacheDir();
  return folder === undefined ? {} : { NODE_COMPILE_CACHE: dirname(folder) };
}

/** Starts a child process. The one way to run one: limits, scrubbed environment, no orphans. */
export function startChild(options: ChildOptions): Child {
  return new ForkedChild(options);
}

class ForkedChild implements Child {
  readonly ended: Promise<ChildEnded>;
  readonly #process: ChildProcess;
  readonly #options: ChildOptions;
  readonly #output: ChildOutput;
  readonly #timers: NodeJS.Timeout[] = [];
  #stall: NodeJS.Timeout | undefined;
  #residentBytes = 0;
  #reason: EndReason | undefined;
  #gone = false;

  constructor(options: ChildOptions) {
    this.#options = options;
    this.#process = fork(options.entry, {
      env: { LANG: 'C.UTF-8', TZ: 'UTC', ...compiledCode(), ...options.environment },
      execArgv: [],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      serialization: 'json',
      // A group of its own: Ctrl-C in a terminal reaches only us, so that work is stopped by us and not under us, and
      // whatever the child starts (an encoder) can be killed with it.
      detached: true,
    });
    const streams = [this.#process.stdout, this.#process.stderr].filter(
      (stream): stream is Readable => stream !== null,
    );
    this.#output = readOutput(streams, (line) => options.log.debug({ child: options.name, line }, 'child output'));
    this.#process.on('message', (sent) => this.#receive(sent));
    this.ended = this.#untilEnded();
    this.#watch();
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  get residentBytes(): number {
    return this.#residentBytes;
  }

  send(body: unknown): void {
    this.#post({ kind: 'message', body });
  }

  stop(): Promise<ChildEnded> {
    if (!this.#gone && this.#reason === undefined) {
      this.#reason = 'stopped';
      this.#post({ kind: 'stop' });
      this.#timers.push(setTimeout(() => this.#killGroup(), this.#options.limits.graceMs ?? GRACE_MS));
    }
    return this.ended;
  }

  kill(reason: EndReason): Promise<ChildEnded> {
    this.#reason ??= reason;
    this.#killGroup();
    return this.ended;
  }

  #post(message: ToChild): void {
    // A channel that closes under our hands is told by the child's end, not by this callback.
    if (this.#process.connected) this.#process.send(message, () => {});
  }

  #receive(sent: unknown): void {
    const message = readFromChild(sent);
    if (message === undefined) return;
    this.#weigh(message.residentBytes);
    if (message.kind !== 'message' || this.#gone) return;
    this.#stall?.refresh();
    this.#options.onMessage(message.body);
  }

  #watch(): void {
    const { limits, signal } = this.#options;
    const look = () => this.#weigh(residentBytesOf(this.#process.pid ?? 0) ?? 0);
    this.#timers.push(setInterval(look, limits.watchMs ?? WATCH_MS));
    if (limits.wallMs !== undefined) this.#timers.push(setTimeout(() => this.kill('wall'), limits.wallMs));
    if (limits.stallMs !== undefined) {
      this.#stall = setTimeout(() => this.kill('stall'), limits.stallMs);
      this.#timers.push(this.#stall);
    }
    if (signal === undefined) return;
    const onAbort = () => void this.stop();
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    void this.ended.then(() => signal.removeEventListener('abort', onAbort));
  }

  #weigh(residentBytes: number): void {
    if (residentBytes > 0) this.#residentBytes = residentBytes;
    if (residentBytes > this.#options.limits.memoryBytes && !this.#gone) void this.kill('memory');
  }

  #killGroup(): void {
    const pid = this.#process.pid;
    if (pid === undefined) return;
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // Gone already, or never a group leader.
      if (!this.#gone) this.#process.kill('SIGKILL');
    }
  }

  async #untilEnded(): Promise<ChildEnded> {
    const end = await new Promise<{ code: number | null; signal: string | null; error?: Error }>((resolve) => {
      this.#process.once('error', (error) => {
        // Only a failed start ends the child here; a failed send or kill is followed by its exit.
        if (this.#process.pid === undefined) resolve({ code: null, signal: null, error });
      });
      this.#process.once('close', (code, signal) => resolve({ code, signal }));
      this.#process.once('exit', (code, signal) => {
        this.#killGroup();
        setTimeout(() => resolve({ code, signal }), CLOSE_MS).unref();
      });
    });
    this.#gone = true;
    for (const timer of this.#timers) clearTimeout(timer);
    return new ChildEnded({
      name: this.#options.name,
      reason: this.#reason ?? (end.error === undefined ? 'exited' : 'not-started'),
      code: end.code,
      signal: end.signal,
      residentBytes: this.#residentBytes,
      output: this.#output.tail(),
      ...(end.error === undefined ? {} : { cause: end.error }),
    });
  }
}
