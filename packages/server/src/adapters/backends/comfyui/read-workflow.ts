import { z } from 'zod';
import type { SizeTier } from '../../../domain/model.ts';
import { WAN_FPS } from '../self-hosted.ts';
import { type Bind, type Graph, type Socket, splitSocket, type Workflow } from './workflow.ts';

/** A bind map as a user writes it: one place or several; what is left out is looked for. */
export type BindWish = Partial<Readonly<Record<keyof Bind, string | readonly string[]>>>;

export interface WorkflowWish {
  readonly name: string;
  /** The exported file's content, parsed. */
  readonly exported: unknown;
  readonly bind?: BindWish;
  readonly sizes?: readonly SizeTier[];
  readonly fps?: number;
  readonly step?: number;
}

/** One thing that is wrong with a graph or the places bound in it. */
export interface WorkflowProblem {
  readonly field: 'graph' | `bind.${keyof Bind}`;
  /** Completes "found …". */
  readonly found: string;
  /** Completes "allowed is …". */
  readonly allowed: string;
}

/** Either a workflow, or everything that is wrong with it. */
export type ReadWorkflow =
  | { readonly workflow: Workflow; readonly problems?: undefined }
  | { readonly workflow?: undefined; readonly problems: readonly WorkflowProblem[] };

const graph = z.record(
  z.string(),
  z.looseObject({ class_type: z.string(), inputs: z.record(z.string(), z.json()).default({}) }),
);

/** What every graph must be, and how one comes by it. */
export const API_FORMAT = 'a graph in API format: in ComfyUI choose Workflow > Export (API) and use that file';

/** Nodes that put two pictures at the ends of a clip. */
const BETWEEN = ['WanFirstLastFrameToVideo', 'WanFunInpaintToVideo', 'WanFunControlToVideo'];

const PARTS: readonly (keyof Bind)[] = [
  'first',
  'last',
  'prompt',
  'negative',
  'width',
  'height',
  'frames',
  'fps',
  'seed',
  'prefix',
];

/** Reads a user's own graph. Without its two pictures or its prefix it could make another video than the one asked for. */
export function readWorkflow(wish: WorkflowWish): ReadWorkflow {
  const { name, exported, bind = {}, sizes = ['480P', '720P'], fps = WAN_FPS, step = 16 } = wish;
  if (typeof exported === 'object' && exported !== null && 'nodes' in exported)
    return { problems: [notAGraph('a file in the format of the editor, which cannot be run')] };
  const read = graph.safeParse(exported);
  if (!read.success || Object.keys(read.data).length === 0) return { problems: [notAGraph('something else')] };
  const found = guess(read.data);
  const bound = Object.fromEntries(PARTS.map((part) => [part, asList(bind[part]) ?? found[part]])) as unknown as Bind;
  const problems = [
    ...deadLinks(read.data),
    ...PARTS.flatMap((part) => bound[part].flatMap((socket) => wrongSocket(read.data, part, socket))),
    ...(['first', 'last', 'prefix'] as const)
      .filter((part) => bound[part].length === 0)
      .map((part): WorkflowProblem => ({ field: `bind.${part}`, found: 'nothing', allowed: missing(part) })),
    ...(same(bound.first, bound.last) ? [samePlace(bound.last)] : []),
  ];
  if (problems.length > 0) return { problems };
  return { workflow: { name, graph: read.data, bind: bound, sizes, fps, step } };
}

function notAGraph(found: string): WorkflowProblem {
  return { field: 'graph', found, allowed: API_FORMAT };
}

const MEANING = {
  first: 'the input that names the first picture',
  last: 'the input that names the last picture',
  prefix: 'the input that names the saved file',
} as const;
const EXAMPLE = { first: 'image', last: 'image', prefix: 'filename_prefix' } as const;

function missing(part: keyof typeof MEANING): string {
  return `${MEANING[part]}, such as "12.${EXAMPLE[part]}"; the graph alone does not tell it`;
}

function samePlace([socket = '']: readonly string[]): WorkflowProblem {
  return { field: 'bind.last', found: `"${socket}", which is also bind.first`, allowed: 'another place' };
}

/** Links to nodes that are not there: the graph was cut, and ComfyUI would refuse it. */
function deadLinks(nodes: Graph): readonly WorkflowProblem[] {
  return Object.entries(nodes).flatMap(([id, { class_type: kind, inputs }]) =>
    Object.entries(inputs).flatMap(([input, value]): readonly WorkflowProblem[] => {
      const target = Array.isArray(value) && value.length === 2 && typeof value[1] === 'number' ? value[0] : undefined;
      if (typeof target !== 'string' || target in nodes) return [];
      const found = `a link from "${id}.${input}" (${kind}) to node "${target}", which is not in it`;
      return [{ field: 'graph', found, allowed: 'a whole graph: export it anew' }];
    }),
  );
}

function asList(places: string | readonly string[] | undefined): readonly Socket[] | undefined {
  if (places === undefined) return undefined;
  // `12.inputs.image` is how the same place reads in the file.
  return [places].flat().map((place) => place.replace(/^([^.]+)\.inputs\./, '$1.') as Socket);
}

function wrongSocket(nodes: Graph, part: keyof Bind, socket: string): readonly WorkflowProblem[] {
  const { node, input } = splitSocket(socket);
  const problem = (allowed: string): readonly WorkflowProblem[] => [
    { field: `bind.${part}`, found: `"${socket}"`, allowed },
  ];
  if (!socket.includes('.') || input === '') return problem('a place in the graph, as "node id.input"');
  const found = nodes[node];
  if (found === undefined) return problem(`a place in the graph, which has no node "${node}"`);
  if (input in found.inputs) return [];
  const values = Object.keys(found.inputs).filter((each) => isValue(nodes, node, each));
  const inputs = values.join(', ') || 'none at all';
  return problem(`an input of node "${node}" (${found.class_type}), which has ${inputs}`);
}

/** Follows the links from the one node that joins two pictures; finds nothing where there are none or several. */
function guess(nodes: Graph): Readonly<Record<keyof Bind, readonly Socket[]>> {
  const ids = (...kinds: readonly string[]) =>
    Object.keys(nodes).filter((id) => kinds.includes(nodes[id]?.class_type ?? ''));
  const joins = ids(...BETWEEN);
  const join = joins.length === 1 ? joins[0] : undefined;
  const linked = (input: string) => {
    const link = join === undefined ? undefined : nodes[join]?.inputs[input];
    return Array.isArray(link) ? String(link[0]) : undefined;
  };
  const own = (id: string | undefined, kind: string, input: string): readonly Socket[] => {
    const there = id !== undefined && nodes[id]?.class_type === kind && isValue(nodes, id, input);
    return there ? [`${id}.${input}`] : [];
  };
  const all = (input: string, ...kinds: readonly string[]): readonly Socket[] =>
    ids(...kinds)
      .filter((id) => isValue(nodes, id, input))
      .map((id): Socket => `${id}.${input}`);
  const ofJoin = (input: string): readonly Socket[] =>
    join !== undefined && isValue(nodes, join, input) ? [`${join}.${input}`] : [];
  // Of two samplers in a row only the first one adds noise; the other's seed does nothing.
  const noisy = ids('KSamplerAdvanced').filter((id) => nodes[id]?.inputs['add_noise'] !== 'disable');
  return {
    first: own(linked('start_image'), 'LoadImage', 'image'),
    last: own(linked('end_image'), 'LoadImage', 'image'),
    prompt: own(linked('positive'), 'CLIPTextEncode', 'text'),
    negative: own(linked('negative'), 'CLIPTextEncode', 'text'),
    width: ofJoin('width'),
    height: ofJoin('height'),
    frames: ofJoin('length'),
    fps: [],
    seed: [
      ...all('seed', 'KSampler'),
      ...noisy.filter((id) => isValue(nodes, id, 'noise_seed')).map((id): Socket => `${id}.noise_seed`),
      ...all('noise_seed', 'RandomNoise'),
    ],
    prefix: all('filename_prefix', 'SaveVideo', 'VHS_VideoCombine'),
  };
}

const isValue = (nodes: Graph, id: string, input: string) => {
  const value = nodes[id]?.inputs[input];
  return value !== undefined && !Array.isArray(value);
};

const same = (one: readonly string[], other: readonly string[]) => one.length > 0 && one.join() === other.join();
