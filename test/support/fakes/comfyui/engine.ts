import { setTimeout as pause } from 'node:timers/promises';
import { Moments } from '../moments.ts';
import type { EngineFiles } from './files.ts';
import { type Made, NodeError, orderOf, runNode, signatureOf } from './run-graph.ts';
import type { Graph } from './validate.ts';

/** One accepted prompt, as the queue holds it. */
export interface QueueItem {
  readonly number: number;
  readonly id: string;
  readonly graph: Graph;
  readonly extra: Readonly<Record<string, unknown>>;
  readonly outputs: readonly string[];
  readonly createdAt: number;
}

export type Message = readonly [event: string, facts: Readonly<Record<string, unknown>>];

/** A finished prompt, as the history holds it. */
export interface Past {
  readonly item: QueueItem;
  readonly outputs: Readonly<Record<string, object>>;
  readonly status: {
    readonly status_str: 'success' | 'error';
    readonly completed: boolean;
    readonly messages: Message[];
  };
  readonly startedAt: number;
  readonly endedAt: number;
}

/** Where a test can hold the engine. `saving`: a part of the file is written. `done`: the history knows, nobody was told. */
export type EngineMoment = 'accepted' | 'started' | 'sampling' | 'saving' | 'done';

export interface EngineParts {
  readonly files: EngineFiles;
  readonly stepMs: number;
  readonly embedsPrompt: boolean;
  readonly hasProgressState: boolean;
  /** Tells the socket that is registered under a client's id; null: everyone. */
  tell(client: string | null, type: string, facts: object): void;
  /** A preview picture on its way to a socket. */
  preview(client: string): void;
}

class Interrupted extends Error {}
class Died extends Error {}

/** ComfyUI's one worker: a queue in memory, one prompt at a time, results of equal inputs kept from the last prompt. */
export class Engine {
  readonly moments = new Moments<EngineMoment>();
  /** Samplers that run out of memory from now on. */
  outOfMemory = 0;
  /** The clip is made of the first picture alone. */
  dropsLast = false;
  /** Ends each prompt with this failure. */
  broken: { type: string; message: string } | undefined;
  /** Sampler steps that were really computed. */
  stepsRun = 0;
  running: QueueItem | undefined;
  pending: QueueItem[] = [];
  history = new Map<string, Past>();
  freed = 0;
  readonly #parts: EngineParts;
  /** Prompts queued since the beginning, over all restarts. */
  accepted = 0;
  #number = 0;
  #life = 0;
  #interrupt = false;
  #cache = new Map<string, Made>();
  #startedAt = 0;
  /** Of the running prompt: every node that was begun. */
  #progress = new Map<string, object>();

  constructor(parts: EngineParts) {
    this.#parts = parts;
  }

  get remaining(): number {
    return this.pending.length + (this.running === undefined ? 0 : 1);
  }

  add(id: string, graph: Graph, extra: QueueItem['extra'], outputs: readonly string[], front: boolean): QueueItem {
    const number = front ? -this.#number : this.#number;
    this.#number += 1;
    this.accepted += 1;
    const item = { number, id, graph, extra, outputs, createdAt: Date.now() };
    this.pending.push(item);
    this.pending.sort((a, b) => a.number - b.number);
    this.#tellStatus();
    void this.#work(this.#life);
    return item;
  }

  /** Removes from the queue; leaves no history. */
  remove(id: string): boolean {
    const before = this.pending.length;
    this.pending = this.pending.filter((item) => item.id !== id);
    if (before !== this.pending.length) this.#tellStatus();
    return before !== this.pending.length;
  }

  /** Takes effect between two sampler steps. */
  interrupt(): void {
    this.#interrupt = true;
  }

  startedAt(): number {
    return this.#startedAt;
  }

  /** The process is gone, and all that was in its memory. */
  die(): void {
    this.#life += 1;
    this.running = undefined;
    this.pending = [];
    this.history = new Map();
    this.#cache = new Map();
    this.#interrupt = false;
    this.moments.releaseAll();
  }

  async #work(life: number): Promise<void> {
    while (this.running === undefined && life === this.#life) {
      const item = this.pending.shift();
      if (item === undefined) return;
      this.running = item;
      try {
        await this.#execute(item, life);
      } catch (error) {
        if (!(error instanceof Died)) throw error;
        return;
      }
      this.running = undefined;
      this.#tellStatus();
      this.#tell(item, 'executing', { node: null, prompt_id: item.id });
    }
  }

  async #execute(item: QueueItem, life: number): Promise<void> {
    const { id: promptId, graph, outputs } = item;
    const messages: Message[] = [];
    const note = (type: string, facts: object, everyone = false) => {
      const told = { prompt_id: promptId, timestamp: Date.now(), ...facts };
      messages.push([type, told]);
      if (everyone) this.#parts.tell(null, type, told);
      else this.#tell(item, type, told);
    };
    const alive = async (moment: EngineMoment) => {
      await this.moments.pass(moment);
      if (life !== this.#life) throw new Died();
    };
    await alive('accepted');
    this.#startedAt = Date.now();
    this.#interrupt = false;
    this.#progress = new Map();
    note('execution_start', {});
    await alive('started');

    const order = orderOf(graph, outputs);
    const signatures = new Map(order.map((id) => [id, signatureOf(graph, id, this.#parts.files)]));
    const known = this.#cache;
    const cached = order.filter((id) => known.has(signatures.get(id) ?? ''));
    note('execution_cached', { nodes: cached });

    const done = new Map<string, Made>();
    const shown: Record<string, object> = {};
    let at = '';
    try {
      for (const id of order) {
        at = id;
        this.#check(life);
        const made = known.get(signatures.get(id) ?? '') ?? (await this.#runNode(item, id, done, life, alive));
        if (life !== this.#life) throw new Died();
        done.set(id, made);
        if (made.shown === undefined) continue;
        shown[id] = made.shown;
        this.#tell(item, 'executed', { node: id, display_node: id, output: made.shown, prompt_id: promptId });
      }
      this.#cache = new Map(order.map((id) => [signatures.get(id) ?? '', done.get(id) ?? { flow: {} }]));
      note('execution_success', {});
      this.#keep(item, shown, { status_str: 'success', completed: true, messages });
    } catch (error) {
      if (error instanceof Died) throw error;
      const where = { node_id: at, node_type: graph[at]?.class_type, executed: [...done.keys()] };
      if (error instanceof Interrupted) note('execution_interrupted', where, true);
      else note('execution_error', { ...where, ...showFailure(error), current_inputs: {}, current_outputs: [] });
      // Out of memory unloads everything; the cache is gone too.
      if (error instanceof NodeError && error.type.includes('OutOfMemory')) this.#cache = new Map();
      this.#keep(item, shown, { status_str: 'error', completed: false, messages });
    }
    await alive('done');
  }

  async #runNode(
    item: QueueItem,
    id: string,
    done: ReadonlyMap<string, Made>,
    life: number,
    alive: (moment: EngineMoment) => Promise<void>,
  ): Promise<Made> {
    const { files, stepMs, embedsPrompt } = this.#parts;
    const promptId = item.id;
    this.#tellProgress(item, id, 0, 1);
    this.#tell(item, 'executing', { node: id, display_node: id, prompt_id: promptId });
    return runNode(id, done, {
      files,
      graph: item.graph,
      embedsPrompt,
      dropsLast: this.dropsLast,
      hooks: {
        check: () => this.#check(life),
        step: async (value, max) => {
          if (this.broken !== undefined) throw new NodeError(this.broken.type, this.broken.message);
          if (this.outOfMemory > 0) {
            this.outOfMemory -= 1;
            throw new NodeError('torch.OutOfMemoryError', 'Allocation on device 0 would exceed allowed memory.');
          }
          await pause(stepMs);
          this.#check(life);
          this.stepsRun += 1;
          this.#tellProgress(item, id, value, max);
          this.#tell(item, 'progress', { value, max, prompt_id: promptId, node: id });
          if (value === 1) this.#parts.preview(clientOf(item) ?? '');
          await alive('sampling');
        },
        saving: () => alive('saving'),
      },
    });
  }

  #check(life: number): void {
    if (life !== this.#life) throw new Died();
    if (!this.#interrupt) return;
    this.#interrupt = false;
    throw new Interrupted();
  }

  #keep(item: QueueItem, outputs: Record<string, object>, status: Past['status']): void {
    this.history.set(item.id, { item, outputs, status, startedAt: this.#startedAt, endedAt: Date.now() });
  }

  #tellStatus(): void {
    this.#parts.tell(null, 'status', { status: { exec_info: { queue_remaining: this.remaining } } });
  }

  #tell(item: QueueItem, type: string, facts: object): void {
    const client = clientOf(item);
    if (client !== undefined) this.#parts.tell(client, type, facts);
  }

  #tellProgress(item: QueueItem, node: string, value: number, max: number): void {
    if (!this.#parts.hasProgressState) return;
    this.#progress.set(node, {
      value,
      max,
      state: value === max ? 'finished' : 'running',
      node_id: node,
      prompt_id: item.id,
      display_node_id: node,
      parent_node_id: null,
      real_node_id: node,
    });
    this.#tell(item, 'progress_state', { prompt_id: item.id, nodes: Object.fromEntries(this.#progress) });
  }
}

export function clientOf({ extra }: QueueItem): string | undefined {
  return typeof extra['client_id'] === 'string' ? extra['client_id'] : undefined;
}

function showFailure(error: unknown): object {
  const { type, message } = error instanceof NodeError ? error : { type: 'Exception', message: String(error) };
  const traceback = ['  File "/comfy/execution.py", line 496, in execute\n', '  File "/home/someone/comfy/nodes.py"\n'];
  return { exception_type: type, exception_message: message, traceback };
}
