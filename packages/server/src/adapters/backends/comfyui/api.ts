import { z } from 'zod';
import type { Json } from '../../../domain/attempt.ts';
import { SIZE_TIERS } from '../../../domain/model.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { PeerAddress } from '../remote/peer-http.ts';
import type { AttemptName, Polled, Probed, RemoteApi, RemoteAsk, RemoteTraits, Stopped } from '../remote/remote-api.ts';
import { checkLeftFile, notSetUp, unreachable } from '../self-hosted.ts';
import { ComfyuiClient, type EngineFile, type Standing } from './client.ts';
import { type Installed, readInstallation, workflowFor } from './installed.ts';
import { filesOf, folderOf, INPUT_FOLDER, pictureName, prefixOf, secondOf } from './names.ts';
import { outcomeOf } from './outcome.ts';
import { faultOfRefusal, isOneOf } from './problems.ts';
import { type Progress, watchProgress } from './progress.ts';
import { OLDEST } from './version.ts';
import { fillGraph, type Graph, samplerSteps, type Workflow } from './workflow.ts';

export interface ComfyuiOptions {
  readonly address: PeerAddress;
  /** Which graphs may stand for a model, the best first; the first one that this engine can run is used. */
  workflowsFor(model: string): readonly Workflow[];
  /** Every model that is routed here, to be probed for. */
  readonly models: readonly string[];
  readonly clock: Clock;
}

/** An accepted prompt. */
interface Operation extends Record<string, Json> {
  /** Our own id of it; its files and its second chance have names that follow from it. */
  readonly prompt: string;
  readonly workflow: string;
  readonly steps: Readonly<Record<string, number>>;
}

const operation = z.object({
  prompt: z.string().regex(/^[0-9a-f-]{36}$/),
  workflow: z.string(),
  steps: z.record(z.string(), z.number()),
});

/**
 * One ComfyUI. It keeps no ids of ours apart (the same id posted twice runs twice) and forgets everything but files when
 * it ends, so: a prompt's id follows from the attempt, nothing is posted before it was looked for, and a prompt that is
 * unknown may still have left its file, in a folder that bears its id.
 */
export function createComfyuiApi(options: ComfyuiOptions): RemoteApi<Operation> {
  return new ComfyuiApi(options);
}

class ComfyuiApi implements RemoteApi<Operation> {
  readonly #options: ComfyuiOptions;
  readonly #client: ComfyuiClient;
  readonly #watched = new Map<string, Progress>();
  #installed: Installed | undefined;

  constructor(options: ComfyuiOptions) {
    this.#options = options;
    this.#client = new ComfyuiClient(options.address);
  }

  get traits(): RemoteTraits {
    const { models, workflowsFor } = this.#options;
    const usable = models.flatMap((model) =>
      this.#installed === undefined ? workflowsFor(model) : workflowFor(this.#installed, workflowsFor(model)),
    );
    return {
      sizes: SIZE_TIERS.filter((tier) => usable.some(({ sizes }) => sizes.includes(tier))),
      billed: false,
      cancel: 'running',
      honoursSeed: true,
      negativePrompt: 'default',
      watermarks: false,
      extendsPrompt: false,
      // Where a socket cannot be opened nothing is told, and silence means nothing.
      tellsProgress: [...this.#watched.values()].every(({ connected }) => connected),
    };
  }

  async start(ask: RemoteAsk, signal: AbortSignal): Promise<Operation> {
    const { uuid } = ask.attempt;
    const workflow = await this.#choose(ask, signal);
    const [first, last] = [await this.#upload(ask.frames.first, signal), await this.#upload(ask.frames.last, signal)];
    const graph = fillGraph(workflow, {
      first,
      last,
      prompt: ask.prompt,
      negative: ask.negativePrompt,
      ...ask.pixels,
      seconds: ask.seconds,
      seed: ask.seed,
      prefix: prefixOf(uuid),
    });
    await this.#queue(uuid, graph, workflow, signal);
    return { prompt: uuid, workflow: workflow.name, steps: samplerSteps(graph) };
  }

  /** The first of the model's workflows that this engine can run at this size. */
  async #choose({ model, size }: RemoteAsk, signal: AbortSignal): Promise<Workflow> {
    const candidates = this.#options.workflowsFor(model).filter(({ sizes }) => sizes.includes(size));
    const installed = this.#installed ?? (await this.#look(signal));
    if (!installed.abilities.ownIds) throw notSetUp(tooOld(installed));
    const [workflow] = workflowFor(installed, candidates);
    if (workflow !== undefined) return workflow;
    throw notSetUp(
      candidates.length === 0 ? `no workflow of ${model} makes ${size}` : problemIn(installed, candidates),
    );
  }

  async #upload(png: Uint8Array, signal: AbortSignal): Promise<string> {
    return this.#client.upload(pictureName(png), png, INPUT_FOLDER, signal);
  }

  async #queue(id: string, graph: Graph, workflow: Workflow, signal: AbortSignal): Promise<void> {
    const answer = await this.#client.queue(id, graph, signal);
    if ('refused' in answer) {
      // What is installed has changed since we looked.
      this.#installed = undefined;
      throw faultOfRefusal(answer.refused, workflow.name);
    }
    const ours = answer.leftOut.filter(({ outputs }) => isOneOf(workflow.bind.prefix, outputs));
    if (ours.length === 0) return;
    // Other outputs of the graph are being made, and nobody wants them.
    await this.#client.cancel(id, await this.#abilities(signal), signal);
    throw faultOfRefusal({ nodes: ours, text: '' }, workflow.name);
  }

  async poll(accepted: Operation, signal: AbortSignal): Promise<Polled> {
    const { prompt, workflow } = accepted;
    const first = await this.#find(prompt, signal);
    if (first.at !== 'history') return this.#tell(accepted, first, signal);
    const outcome = outcomeOf(first.finished, folderOf(prompt));
    if (outcome.end !== 'out_of_memory') return showOutcome(outcome, workflow);
    // Once more with empty memory, under an id that follows from the first, so that it is once whoever looks.
    const second = secondOf(prompt);
    const again = await this.#find(second, signal);
    if (again.at === 'history') return showOutcome(outcomeOf(again.finished, folderOf(second)), workflow);
    if (again.at !== 'nowhere') return this.#working(accepted, again.at);
    const { graph } = first.finished;
    if (graph === undefined) return { state: 'failed', fault: outcome.fault };
    await this.#client.free(signal);
    const renamed = JSON.parse(JSON.stringify(graph).replaceAll(folderOf(prompt), folderOf(second))) as Graph;
    const answer = await this.#client.queue(second, renamed, signal);
    if ('refused' in answer) return { state: 'failed', fault: faultOfRefusal(answer.refused, workflow) };
    return this.#working(accepted, 'pending');
  }

  /** Of an operation whose first prompt is not in the history. */
  async #tell({ prompt, workflow, steps }: Operation, { at }: Standing, signal: AbortSignal): Promise<Polled> {
    if (at === 'pending' || at === 'running') return this.#working({ prompt, workflow, steps }, at);
    // After a restart of the engine: a file may be all that is left.
    const left = await this.#leftFile(prompt, signal);
    if (left !== undefined) return showFile(left, workflow, true);
    return { state: 'lost', why: 'neither in the queue nor in the history, and there is no file of it' };
  }

  async #leftFile(prompt: string, signal: AbortSignal): Promise<EngineFile | undefined> {
    for (const file of [...filesOf(prompt), ...filesOf(secondOf(prompt))]) {
      if (await this.#client.has(file, signal)) return file;
    }
    return undefined;
  }

  #working({ prompt }: Operation, at: 'pending' | 'running'): Polled {
    const progress = this.#watched.get(prompt);
    return {
      state: 'working',
      phase: at === 'pending' ? 'upstream_queued' : 'generating',
      ...(progress === undefined ? {} : { fraction: progress.fraction }),
    };
  }

  watch({ prompt, steps }: Operation, wake: () => void, signal: AbortSignal): void {
    const { address, clock } = this.#options;
    const progress = watchProgress({ address, clock, client: prompt, steps, wake }, signal);
    this.#watched.set(prompt, progress);
    const forget = () => {
      if (this.#watched.get(prompt) === progress) this.#watched.delete(prompt);
    };
    signal.addEventListener('abort', forget, { once: true });
  }

  async lookup({ uuid }: AttemptName, signal: AbortSignal): Promise<Operation | undefined> {
    const standing = await this.#find(uuid, signal);
    const graph =
      standing.at === 'history' ? standing.finished.graph : (await this.#client.queued(uuid, signal))?.graph;
    const isThere = standing.at !== 'nowhere' || (await this.#leftFile(uuid, signal)) !== undefined;
    if (!isThere) return undefined;
    return { prompt: uuid, workflow: '', steps: graph === undefined ? {} : samplerSteps(graph) };
  }

  async stop({ prompt }: Operation, signal: AbortSignal): Promise<Stopped> {
    const abilities = await this.#abilities(signal);
    let goesOn = false;
    for (const id of [prompt, secondOf(prompt)]) {
      const { at } = await this.#client.find(id, abilities, signal);
      if (at !== 'pending' && at !== 'running') continue;
      await this.#client.cancel(id, abilities, signal);
      // A sampler ends its step before it heeds an interrupt.
      goesOn ||= ['pending', 'running'].includes((await this.#client.find(id, abilities, signal)).at);
    }
    return goesOn ? 'goes_on' : 'stopped';
  }

  async fetchResult(_: Operation, result: Json, toFile: string, signal: AbortSignal): Promise<void> {
    const { recovered, ...file } = readResult.parse(result);
    await this.#client.download(file, toFile, signal);
    if (recovered) await checkLeftFile(toFile);
  }

  async probe(signal: AbortSignal): Promise<Probed> {
    try {
      const installed = await this.#look(signal);
      const { abilities, version, device } = installed;
      if (!abilities.ownIds) return { problems: [tooOld(installed)], version };
      const { models, workflowsFor } = this.#options;
      const problems = models
        .filter((model) => workflowFor(installed, workflowsFor(model)).length === 0)
        .map((model) => problemIn(installed, workflowsFor(model)));
      const names = models.flatMap((model) => workflowFor(installed, workflowsFor(model))[0]?.name ?? []);
      return {
        problems: [...new Set(problems)],
        version: `ComfyUI ${version}${device === '' ? '' : `, ${device}`}: ${[...new Set(names)].join(', ') || 'no workflow'}`,
      };
    } catch (error) {
      this.#installed = undefined;
      return unreachable('ComfyUI', this.#options.address, error, signal);
    }
  }

  async load(signal: AbortSignal): Promise<number> {
    return this.#client.depth(signal);
  }

  readOperation(saved: Json): Operation | undefined {
    return operation.safeParse(saved).data;
  }

  async #find(id: string, signal: AbortSignal): Promise<Standing> {
    return this.#client.find(id, await this.#abilities(signal), signal);
  }

  async #abilities(signal: AbortSignal) {
    return (this.#installed ?? (await this.#look(signal))).abilities;
  }

  async #look(signal: AbortSignal): Promise<Installed> {
    const { models, workflowsFor } = this.#options;
    this.#installed = await readInstallation(this.#client, models.flatMap(workflowsFor), signal);
    return this.#installed;
  }
}

const readResult = z.object({
  filename: z.string(),
  subfolder: z.string(),
  type: z.string(),
  recovered: z.boolean(),
});

function showOutcome(outcome: ReturnType<typeof outcomeOf>, workflow: string): Polled {
  return outcome.end === 'file' ? showFile(outcome.file, workflow, false) : { state: 'failed', fault: outcome.fault };
}

function showFile({ filename, subfolder, type }: EngineFile, workflow: string, recovered: boolean): Polled {
  const report = workflow === '' ? {} : { report: { workflow } };
  return { state: 'done', result: { filename, subfolder, type, recovered }, ...report };
}

const tooOld = ({ version }: Installed) => `ComfyUI ${version} is too old: ${OLDEST} or newer is needed`;

function problemIn(installed: Installed, candidates: readonly Workflow[]): string {
  // The one that lacks least is the one that somebody was setting up.
  const lacking = candidates
    .map(({ name }) => ({ name, problems: installed.problems.get(name) ?? [] }))
    .toSorted((a, b) => a.problems.length - b.problems.length)[0];
  return lacking === undefined ? 'no workflow' : `workflow ${lacking.name}: ${lacking.problems.join('; ')}`;
}
