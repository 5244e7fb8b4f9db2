import { FormData } from 'undici';
import { z } from 'zod';
import type { Json } from '../../../domain/attempt.ts';
import { Fault } from '../../../domain/fault.ts';
import { askPeer, downloadFrom, type PeerAddress, type PeerReply, type PeerRequest } from '../remote/peer-http.ts';
import { NoReply } from '../remote/remote-api.ts';
import { faultOfResult } from '../remote/reply-fault.ts';
import { isThere, readAs } from '../self-hosted.ts';
import type { Abilities } from './version.ts';
import type { Graph } from './workflow.ts';

/** Where ComfyUI keeps a file. */
export interface EngineFile {
  readonly filename: string;
  readonly subfolder: string;
  readonly type: string;
}

/** A finished prompt, as the history holds it. */
export interface Finished {
  readonly graph: Graph | undefined;
  readonly outputs: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly succeeded: boolean;
  /** Events in order: what went wrong stands in the last one. */
  readonly messages: readonly (readonly [event: string, facts: Readonly<Record<string, unknown>>])[];
}

/** Where a prompt is. */
export type Standing =
  | { readonly at: 'pending' }
  | { readonly at: 'running' }
  | { readonly at: 'history'; readonly finished: Finished }
  | { readonly at: 'nowhere' };

/** What validation said about a posted graph. */
export interface Refusal {
  readonly nodes: readonly NodeProblem[];
  /** The answer itself, for the log. */
  readonly text: string;
}

export interface NodeProblem {
  readonly kind: string;
  readonly type: string;
  readonly details: string;
  readonly input: string | undefined;
  readonly received: unknown;
  /** Output nodes that are not made because of it. */
  readonly outputs: readonly string[];
}

const loose = z.record(z.string(), z.unknown());
const history = z.record(
  z.string(),
  z.looseObject({
    prompt: z.array(z.unknown()).catch([]),
    outputs: z.record(z.string(), loose).catch({}),
    status: z
      .looseObject({
        status_str: z.string().catch(''),
        completed: z.boolean().catch(false),
        messages: z.array(z.tuple([z.string(), loose])).catch([]),
      })
      .catch({ status_str: '', completed: false, messages: [] }),
  }),
);
const queueItems = z.array(z.array(z.unknown()));
const queue = z.object({ queue_running: queueItems, queue_pending: queueItems });
const jobStatus = z.looseObject({ status: z.string() });
const depth = z.looseObject({ exec_info: z.looseObject({ queue_remaining: z.number() }) });
const noJob = z.looseObject({ error: z.string() });
const accepted = z.looseObject({ prompt_id: z.string(), node_errors: z.unknown() });
const uploaded = z.looseObject({ name: z.string(), subfolder: z.string().catch('') });
const system = z.looseObject({
  system: z.looseObject({ comfyui_version: z.string() }),
  devices: z.array(z.looseObject({ name: z.string().catch('') })).catch([]),
});
const nodeErrors = z.record(
  z.string(),
  z.looseObject({
    class_type: z.string().catch(''),
    dependent_outputs: z.array(z.string()).catch([]),
    errors: z
      .array(
        z.looseObject({
          type: z.string().catch(''),
          details: z.string().catch(''),
          extra_info: z.looseObject({ input_name: z.string().optional(), received_value: z.unknown() }).catch({
            received_value: undefined,
          }),
        }),
      )
      .catch([]),
  }),
);
const refused = z.looseObject({
  error: z.looseObject({ type: z.string().catch(''), message: z.string().catch(''), details: z.string().catch('') }),
  node_errors: z.unknown(),
});

/** ComfyUI's HTTP API, each call with what its answers mean. Everything throws as `RemoteApi` says. */
export class ComfyuiClient {
  readonly #address: PeerAddress;

  constructor(address: PeerAddress) {
    this.#address = address;
  }

  /** Stores a picture; the same bytes under the same name are stored once. Returns how LoadImage names it. */
  async upload(name: string, png: Uint8Array, subfolder: string, signal: AbortSignal): Promise<string> {
    const form = new FormData();
    form.set('image', new Blob([new Uint8Array(png)], { type: 'image/png' }), name);
    form.set('type', 'input');
    form.set('subfolder', subfolder);
    const reply = await this.#ask({ method: 'POST', path: '/upload/image', body: { form } }, signal);
    const file = this.#read(reply, uploaded);
    return file.subfolder === '' ? file.name : `${file.subfolder}/${file.name}`;
  }

  /** Queues a graph under our id. Returns what validation refused, or that it is queued, with what it left out. */
  async queue(
    id: string,
    graph: Graph,
    signal: AbortSignal,
  ): Promise<{ readonly refused: Refusal } | { readonly leftOut: readonly NodeProblem[] }> {
    const json = { prompt: graph, prompt_id: id, client_id: id };
    const reply = await this.#ask({ method: 'POST', path: '/prompt', body: { json } }, signal);
    const wrong = reply.status === 400 ? refused.safeParse(reply.json).data : undefined;
    if (wrong !== undefined) {
      const { type } = wrong.error;
      const nodes = readNodeErrors(wrong.node_errors);
      const whole: NodeProblem = {
        kind: '',
        type,
        details: wrong.error.message,
        input: undefined,
        received: undefined,
        outputs: [],
      };
      return { refused: { nodes: nodes.length === 0 ? [whole] : nodes, text: reply.text } };
    }
    // A server error of the engine itself, after it may have queued the graph.
    if (reply.status >= 500) throw new NoReply(`status ${reply.status}: ${reply.text.slice(0, 200)}`, true);
    const answer = this.#read(reply, accepted);
    if (answer.prompt_id !== id) throw new NoReply(`the prompt was queued as ${answer.prompt_id}, not as ${id}`, true);
    return { leftOut: readNodeErrors(answer.node_errors) };
  }

  /** How many prompts wait or run, whoever queued them. */
  async depth(signal: AbortSignal): Promise<number> {
    const reply = await this.#ask({ method: 'GET', path: '/prompt' }, signal);
    return this.#read(reply, depth).exec_info.queue_remaining;
  }

  /** Where a prompt is now. `nowhere` is told only when both history and queue deny it. */
  async find(id: string, { jobs }: Pick<Abilities, 'jobs'>, signal: AbortSignal): Promise<Standing> {
    const before = await this.#past(id, signal);
    if (before !== undefined) return before;
    const told = jobs ? await this.#job(id, signal) : 'no such call';
    const at = told === 'no such call' ? (await this.queued(id, signal))?.at : told;
    if (at !== undefined) return { at };
    // It may have ended between the two questions.
    return (await this.#past(id, signal)) ?? { at: 'nowhere' };
  }

  /** A waiting or running prompt, with its graph. */
  async queued(
    id: string,
    signal: AbortSignal,
  ): Promise<{ readonly at: 'pending' | 'running'; readonly graph: Graph | undefined } | undefined> {
    const reply = await this.#ask({ method: 'GET', path: '/queue' }, signal);
    const { queue_running: running, queue_pending: pending } = this.#read(reply, queue);
    const graphIn = (items: readonly unknown[][]) => items.find((item) => item[1] === id);
    const [now, later] = [graphIn(running), graphIn(pending)];
    if (now !== undefined) return { at: 'running', graph: now[2] as Graph };
    return later === undefined ? undefined : { at: 'pending', graph: later[2] as Graph };
  }

  async #past(id: string, signal: AbortSignal): Promise<Standing | undefined> {
    const reply = await this.#ask({ method: 'GET', path: `/history/${id}` }, signal);
    const entry = this.#read(reply, history)[id];
    if (entry === undefined) return undefined;
    const { outputs, status, prompt } = entry;
    const succeeded = status.status_str === 'success' && status.completed;
    return { at: 'history', finished: { graph: prompt[2] as Graph, outputs, succeeded, messages: status.messages } };
  }

  async #job(id: string, signal: AbortSignal): Promise<'pending' | 'running' | 'no such call' | undefined> {
    const reply = await this.#ask({ method: 'GET', path: `/api/jobs/${id}` }, signal);
    // Only ComfyUI's own words deny a job; an older version or a proxy may not have the call.
    if (reply.status === 404) return noJob.safeParse(reply.json).success ? undefined : 'no such call';
    const { status } = this.#read(reply, jobStatus);
    if (status === 'pending') return 'pending';
    // Ended: the history has it. A word that we don't know: it is there, and has not ended in a way that we know.
    return ['completed', 'failed', 'cancelled'].includes(status) ? undefined : 'running';
  }

  /** Asks for the end of a prompt: by its id where that is possible, else without ever hitting anybody else's. */
  async cancel(id: string, abilities: Abilities, signal: AbortSignal): Promise<void> {
    if (abilities.jobCancel) {
      const reply = await this.#ask({ method: 'POST', path: `/api/jobs/${id}/cancel`, body: { json: {} } }, signal);
      if (reply.status === 200) return;
    }
    await this.#ask({ method: 'POST', path: '/queue', body: { json: { delete: [id] } } }, signal);
    // Without a target an interrupt ends whatever runs, so it is sent only while that is ours.
    if (!abilities.targetedInterrupt && (await this.queued(id, signal))?.at !== 'running') return;
    await this.#ask({ method: 'POST', path: '/interrupt', body: { json: { prompt_id: id } } }, signal);
  }

  /** Unloads models and empties memory. */
  async free(signal: AbortSignal): Promise<void> {
    const json = { unload_models: true, free_memory: true };
    await this.#ask({ method: 'POST', path: '/free', body: { json } }, signal);
  }

  /** Whether a file is there. */
  async has(file: EngineFile, signal: AbortSignal): Promise<boolean> {
    const headers = { range: 'bytes=0-0' };
    return isThere(await this.#ask({ method: 'GET', path: viewPath(file), headers }, signal));
  }

  async download(file: EngineFile, toFile: string, signal: AbortSignal): Promise<void> {
    const answer = await downloadFrom(this.#address, { method: 'GET', path: viewPath(file) }, toFile, signal);
    if (answer.kind === 'reply') throw faultOfResult(answer);
  }

  async system(signal: AbortSignal): Promise<{ readonly version: string; readonly device: string }> {
    const reply = await this.#ask({ method: 'GET', path: '/system_stats' }, signal);
    const { system: facts, devices } = this.#read(reply, system);
    return { version: facts.comfyui_version, device: devices[0]?.name ?? '' };
  }

  /** The inputs of a node class, or undefined when there is no such class. */
  async nodeClass(name: string, signal: AbortSignal): Promise<Readonly<Record<string, Json>> | undefined> {
    const path = `/object_info/${encodeURIComponent(name)}`;
    const found = this.#read(await this.#ask({ method: 'GET', path }, signal), loose)[name];
    const input = z
      .looseObject({ input: z.looseObject({ required: loose.catch({}), optional: loose.catch({}) }) })
      .safeParse(found).data?.input;
    return input === undefined ? undefined : ({ ...input.optional, ...input.required } as Record<string, Json>);
  }

  async #ask(request: PeerRequest, signal: AbortSignal): Promise<PeerReply> {
    return askPeer(this.#address, request, signal);
  }

  #read<T>(reply: PeerReply, schema: z.ZodType<T>): T {
    if (reply.status === 413) {
      const cause = new Error('the engine takes smaller uploads only; start ComfyUI with a larger --max-upload-size');
      throw new Fault('backend_misconfigured', 'The service that makes the video takes smaller frames only.', {
        cause,
      });
    }
    return readAs('ComfyUI', reply, schema);
  }
}

function viewPath({ filename, subfolder, type }: EngineFile): string {
  return `/view?${new URLSearchParams({ filename, subfolder, type })}`;
}

function readNodeErrors(found: unknown): readonly NodeProblem[] {
  const read = nodeErrors.safeParse(found).data ?? {};
  return Object.values(read).flatMap(({ class_type: kind, dependent_outputs: outputs, errors }) =>
    errors.map(({ type, details, extra_info: extra }) => ({
      kind,
      type,
      details,
      input: extra.input_name,
      received: extra.received_value,
      outputs,
    })),
  );
}
