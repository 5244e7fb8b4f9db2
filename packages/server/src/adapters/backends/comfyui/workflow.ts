import type { Json } from '../../../domain/attempt.ts';
import type { SizeTier } from '../../../domain/model.ts';
import { framesFor } from '../self-hosted.ts';

/** A graph as ComfyUI runs it ("API format"): nodes by id; a link is `[node id, output slot]`. */
export type Graph = Readonly<Record<string, GraphNode>>;

export interface GraphNode {
  readonly class_type: string;
  readonly inputs: Readonly<Record<string, Json>>;
}

/** One input of one node, written `node.input`. */
export type Socket = `${string}.${string}`;

/** Where in a graph the parts of an ask go. What a graph has no place for stays out of it. */
export interface Bind {
  /** Names of the two uploaded pictures. */
  readonly first: readonly Socket[];
  readonly last: readonly Socket[];
  readonly prompt: readonly Socket[];
  readonly negative: readonly Socket[];
  readonly width: readonly Socket[];
  readonly height: readonly Socket[];
  readonly frames: readonly Socket[];
  readonly fps: readonly Socket[];
  readonly seed: readonly Socket[];
  /** Where the result is saved: it gets a folder of its own, so that it is never mistaken for another one. */
  readonly prefix: readonly Socket[];
}

/** A graph that makes a video of two pictures, and how it is fed. */
export interface Workflow {
  readonly name: string;
  readonly graph: Graph;
  readonly bind: Bind;
  readonly sizes: readonly SizeTier[];
  /** What the model was trained on: 16 for Wan's 14B models. The number of frames follows from it. */
  readonly fps: number;
  /** Sides are rounded down to multiples of this. */
  readonly step: number;
}

/** What a graph is filled with. */
export interface Filling {
  readonly first: string;
  readonly last: string;
  readonly prompt: string;
  readonly negative: string;
  readonly width: number;
  readonly height: number;
  readonly seconds: number;
  readonly seed: number;
  readonly prefix: string;
}

/** The graph of one attempt. ComfyUI itself takes any width and length and fails later, so both are made to fit here. */
export function fillGraph({ graph, bind, fps, step }: Workflow, filling: Filling): Graph {
  const snapped = (side: number) => Math.max(step, Math.floor(side / step) * step);
  const values: Record<keyof Bind, Json> = {
    first: filling.first,
    last: filling.last,
    prompt: filling.prompt,
    negative: filling.negative,
    width: snapped(filling.width),
    height: snapped(filling.height),
    frames: framesFor(filling.seconds, fps),
    fps,
    seed: filling.seed,
    prefix: filling.prefix,
  };
  const filled: Record<string, { class_type: string; inputs: Record<string, Json> }> = {};
  for (const [id, node] of Object.entries(graph)) filled[id] = { ...node, inputs: { ...node.inputs } };
  for (const [part, sockets] of Object.entries(bind) as [keyof Bind, readonly Socket[]][]) {
    for (const socket of sockets) {
      const { node, input } = splitSocket(socket);
      const target = filled[node];
      if (target === undefined) throw new Error(`${socket} is bound and not in the graph`);
      target.inputs[input] = values[part];
    }
  }
  return filled;
}

/** Node and input of a socket. Ids hold no dot, so the first one parts them. */
export function splitSocket(socket: string): { readonly node: string; readonly input: string } {
  const at = socket.indexOf('.');
  return { node: socket.slice(0, at), input: socket.slice(at + 1) };
}

/** The steps each sampler of a graph will run: the sum is what progress is measured against. */
export function samplerSteps(graph: Graph): Readonly<Record<string, number>> {
  const steps: Record<string, number> = {};
  for (const [id, { class_type: kind, inputs }] of Object.entries(graph)) {
    if (kind !== 'KSampler' && kind !== 'KSamplerAdvanced') continue;
    const all = Number(inputs['steps']);
    const from = Number(inputs['start_at_step'] ?? 0);
    const to = Math.min(all, Number(inputs['end_at_step'] ?? all));
    // A link instead of a number: how many steps it will be is known only inside.
    if (to - from > 0) steps[id] = to - from;
  }
  return steps;
}
