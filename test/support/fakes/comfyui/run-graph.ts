import { writeMetadata } from '@inbetween/renderer';
import { makeClip } from '../clip.ts';
import type { EngineFiles } from './files.ts';
import { type Graph, linkOf } from './validate.ts';

/** What flows along the links: pictures, a latent on its way to a clip, a clip. */
export interface Flow {
  readonly picture?: Uint8Array;
  readonly clip?: {
    readonly first: Uint8Array | undefined;
    readonly last: Uint8Array | undefined;
    readonly width: number;
    readonly height: number;
    readonly frames: number;
    readonly fps: number;
  };
}

/** What a run tells while it goes on, and asks before each step. */
export interface RunHooks {
  /** Between nodes and between sampler steps; throws to end the run. */
  check(): void;
  /** A sampler has made a step. */
  step(value: number, max: number): Promise<void>;
  /** The file is about to be written: a part of it is there. */
  saving(): Promise<void>;
}

export interface RunParts {
  readonly files: EngineFiles;
  readonly graph: Graph;
  /** The graph is written into the file, as ComfyUI does it. */
  readonly embedsPrompt: boolean;
  /** Makes the clip of the first picture alone. */
  readonly dropsLast: boolean;
  readonly hooks: RunHooks;
}

/** What a node gave: its flow, and what an output node shows. */
export interface Made {
  readonly flow: Flow;
  readonly shown?: object;
}

/** A failure with the name Python gives it. */
export class NodeError extends Error {
  readonly type: string;

  constructor(type: string, message: string) {
    super(message);
    this.type = type;
  }
}

/** Nodes in the order in which they can be made, everything that the outputs need and nothing else. */
export function orderOf(graph: Graph, outputs: readonly string[]): readonly string[] {
  const order: string[] = [];
  const visit = (id: string) => {
    if (order.includes(id)) return;
    for (const value of Object.values(graph[id]?.inputs ?? {})) {
      const link = linkOf(value);
      if (link !== undefined) visit(link[0]);
    }
    order.push(id);
  };
  for (const output of outputs) visit(output);
  return order;
}

/** What a node is made from, all the way down: equal text means a cached result. */
export function signatureOf(graph: Graph, id: string, files: EngineFiles): string {
  const node = graph[id];
  const inputs = Object.entries(node?.inputs ?? {}).map(([name, value]) => {
    const link = linkOf(value);
    return [name, link === undefined ? value : [signatureOf(graph, link[0], files), link[1]]];
  });
  const picture = node?.class_type === 'LoadImage' ? files.picture(String(node.inputs?.['image'])) : undefined;
  const content = picture === undefined ? '' : Buffer.from(picture).toString('base64');
  return JSON.stringify([node?.class_type, inputs, content]);
}

/** The steps a sampler really runs. */
export function stepsOf(inputs: Readonly<Record<string, unknown>>): number {
  const steps = Number(inputs['steps']);
  const from = Number(inputs['start_at_step'] ?? 0);
  const to = Math.min(steps, Number(inputs['end_at_step'] ?? steps));
  return Math.max(0, to - from);
}

/** Makes one node of what is already made. */
export async function runNode(id: string, done: ReadonlyMap<string, Made>, parts: RunParts): Promise<Made> {
  const { graph, files, hooks } = parts;
  const node = graph[id];
  const inputs = node?.inputs ?? {};
  const flowOf = (name: string): Flow => done.get(linkOf(inputs[name])?.[0] ?? '')?.flow ?? {};
  switch (node?.class_type) {
    case 'LoadImage': {
      const picture = files.picture(String(inputs['image']));
      if (picture === undefined) throw new NodeError('FileNotFoundError', '[Errno 2] No such file or directory');
      return { flow: { picture } };
    }
    case 'WanFirstLastFrameToVideo':
    case 'WanFunInpaintToVideo':
    case 'WanImageToVideo': {
      const [width, height, length] = [Number(inputs['width']), Number(inputs['height']), Number(inputs['length'])];
      const [first, last] = [flowOf('start_image').picture, flowOf('end_image').picture];
      return { flow: { clip: { first, last, width, height, frames: length, fps: 0 } } };
    }
    case 'KSampler':
    case 'KSamplerAdvanced': {
      const { clip } = flowOf('latent_image');
      if (clip === undefined) throw new NodeError('TypeError', "'NoneType' object is not subscriptable");
      if (clip.width % 16 !== 0 || clip.height % 16 !== 0 || (clip.frames - 1) % 4 !== 0) {
        throw new NodeError('RuntimeError', 'The size of tensor a must match the size of tensor b at dimension 4');
      }
      const max = stepsOf(inputs);
      for (let value = 1; value <= max; value += 1) {
        hooks.check();
        await hooks.step(value, max);
      }
      hooks.check();
      return { flow: { clip } };
    }
    case 'VAEDecode':
      return { flow: flowOf('samples') };
    case 'CreateVideo': {
      const { clip } = flowOf('images');
      return { flow: clip === undefined ? {} : { clip: { ...clip, fps: Number(inputs['fps']) } } };
    }
    case 'SaveVideo':
      return save(flowOf('video'), String(inputs['filename_prefix']), '_.mp4', parts, (file) => ({
        images: [file],
        animated: [true],
      }));
    case 'VHS_VideoCombine': {
      const { clip } = flowOf('images');
      const rate = Number(inputs['frame_rate']);
      const flow: Flow = clip === undefined ? {} : { clip: { ...clip, fps: rate } };
      return save(flow, String(inputs['filename_prefix']), '.mp4', parts, (file) => ({
        gifs: [{ ...file, format: 'video/h264-mp4', frame_rate: rate, fullpath: `/comfy/output/${file.filename}` }],
      }));
    }
    default:
      // Loaders, encoders and the like: nothing of theirs is seen in the clip.
      return { flow: {} };
  }
}

interface SavedFile {
  readonly filename: string;
  readonly subfolder: string;
  readonly type: string;
}

async function save(
  flow: Flow,
  prefix: string,
  ending: string,
  parts: RunParts,
  show: (file: SavedFile) => object,
): Promise<Made> {
  const { clip } = flow;
  if (clip === undefined) throw new NodeError('AttributeError', "'NoneType' object has no attribute 'save_to'");
  const first = clip.first ?? clip.last;
  const last = parts.dropsLast ? first : (clip.last ?? clip.first);
  if (first === undefined || last === undefined) throw new NodeError('RuntimeError', 'nothing but grey');
  const mp4 = await makeClip({ ...clip, first, last });
  const file = parts.embedsPrompt ? writeMetadata(mp4, { prompt: JSON.stringify(parts.graph) }) : mp4;
  const { subfolder, filename } = parts.files.nextOutput(prefix, ending);
  // It is written in place: whoever looks meanwhile sees a part, and whoever dies meanwhile leaves one.
  parts.files.write('output', subfolder, filename, file.subarray(0, Math.floor(file.length * 0.6)));
  await parts.hooks.saving();
  parts.files.write('output', subfolder, filename, file);
  return { flow, shown: show({ filename, subfolder, type: 'output' }) };
}
