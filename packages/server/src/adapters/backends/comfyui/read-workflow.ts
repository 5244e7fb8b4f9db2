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

/** Either a workflow, or everything that is wrong with it, in words. */
export type ReadWorkflow =
  | { readonly workflow: Workflow; readonly problems?: undefined }
  | { readonly workflow?: undefined; readonly problems: readonly string[] };

const graph = z.record(
  z.string(),
  z.looseObject({ class_type: z.string(), inputs: z.record(z.string(), z.json()).default({}) }),
);

const REMEDY = 'In ComfyUI choose Workflow > Export (API) and use that file.';

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
  if (typeof exported === 'object' && exported !== null && 'nodes' in exported) {
    return { problems: [`workflow "${name}" is in the format of the editor, which cannot be run. ${REMEDY}`] };
  }
  const read = graph.safeParse(exported);
  if (!read.success || Object.keys(read.data).length === 0) {
    return { problems: [`workflow "${name}" is not a graph in API format. ${REMEDY}`] };
  }
  const found = guess(read.data);
  const bound = Object.fromEntries(PARTS.map((part) => [part, asList(bind[part]) ?? found[part]])) as unknown as Bind;
  const problems = [
    ...PARTS.flatMap((part) => bound[part].flatMap((socket) => wrongSocket(read.data, part, socket))),
    ...(['first', 'last', 'prefix'] as const)
      .filter((part) => bound[part].length === 0)
      .map((part) => `bind.${part} is missing: ${MEANING[part]}, such as "12.${EXAMPLE[part]}"`),
    ...(same(bound.first, bound.last) ? ['bind.first and bind.last are the same place'] : []),
  ];
  if (problems.length > 0) return { problems: problems.map((problem) => `workflow "${name}": ${problem}`) };
  return { workflow: { name, graph: read.data, bind: bound, sizes, fps, step } };
}

const MEANING = {
  first: 'the input that names the first picture',
  last: 'the input that names the last picture',
  prefix: 'the input that names the saved file',
} as const;
const EXAMPLE = { first: 'image', last: 'image', prefix: 'filename_prefix' } as const;

function asList(places: string | readonly string[] | undefined): readonly Socket[] | undefined {
  if (places === undefined) return undefined;
  // `12.inputs.image` is how the same place reads in the file.
  return [places].flat().map((place) => place.replace(/^([^.]+)\.inputs\./, '$1.') as Socket);
}

function wrongSocket(nodes: Graph, part: string, socket: string): readonly string[] {
  const { node, input } = splitSocket(socket);
  if (!socket.includes('.') || input === '') return [`bind.${part}: "${socket}" must read "node id.input"`];
  const found = nodes[node];
  if (found === undefined) return [`bind.${part}: there is no node "${node}"`];
  if (input in found.inputs) return [];
  return [`bind.${part}: node "${node}" (${found.class_type}) has no input "${input}"`];
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
