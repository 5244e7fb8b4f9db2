import { Fault } from '../../../domain/fault.ts';
import { notSetUp } from '../self-hosted.ts';
import type { NodeProblem, Refusal } from './client.ts';
import type { Workflow } from './workflow.ts';
import { splitSocket } from './workflow.ts';

/** In which folder below `models` the files of an input lie. */
const FOLDERS: Readonly<Record<string, string>> = {
  'UNETLoader.unet_name': 'diffusion_models',
  'UnetLoaderGGUF.unet_name': 'diffusion_models',
  'CLIPLoader.clip_name': 'text_encoders',
  'CLIPLoaderGGUF.clip_name': 'text_encoders',
  'VAELoader.vae_name': 'vae',
  'CLIPVisionLoader.clip_name': 'clip_vision',
  'LoraLoaderModelOnly.lora_name': 'loras',
  'LoraLoader.lora_name': 'loras',
  'CheckpointLoaderSimple.ckpt_name': 'checkpoints',
};

/** A value that a node's list does not offer, in words for the operator. */
export function missingValue(kind: string, input: string, value: unknown): string {
  const folder = FOLDERS[`${kind}.${input}`];
  if (folder !== undefined) return `the file ${value} is missing in ComfyUI's models/${folder}`;
  return `node ${kind} does not offer "${value}" for ${input}`;
}

export function missingNode(kind: string): string {
  return `this ComfyUI has no node ${kind}; update it or install the custom node`;
}

/** The options of an input as either generation of nodes lists them; undefined for an input that is no list. */
export function optionsIn(input: unknown): readonly string[] | undefined {
  if (!Array.isArray(input)) return undefined;
  const [first, config] = input as readonly unknown[];
  if (Array.isArray(first)) return first.map(String);
  if (first !== 'COMBO' && first !== 'COMFY_DYNAMICCOMBO_V3') return undefined;
  const { options } = (config ?? {}) as { options?: unknown };
  if (!Array.isArray(options)) return undefined;
  return options.map((option) =>
    typeof option === 'object' && option !== null && 'key' in option ? String(option.key) : String(option),
  );
}

/** What keeps a workflow from running on an engine with these node classes; empty when nothing does. */
export function problemsOf(
  { graph, bind }: Workflow,
  classes: ReadonlyMap<string, Readonly<Record<string, unknown>> | undefined>,
): readonly string[] {
  const filled = new Set(Object.values(bind).flatMap((sockets: readonly string[]) => sockets));
  const found = Object.entries(graph).flatMap(([id, { class_type: kind, inputs }]) => {
    const known = classes.get(kind);
    if (known === undefined) return [missingNode(kind)];
    return Object.entries(inputs)
      .filter(([input, value]) => typeof value === 'string' && !filled.has(`${id}.${input}`))
      .filter(([input, value]) => optionsIn(known[input])?.includes(String(value)) === false)
      .map(([input, value]) => missingValue(kind, input, value));
  });
  return [...new Set(found)];
}

/** The node classes that a workflow is made of. */
export function classesIn(workflows: readonly Workflow[]): readonly string[] {
  return [...new Set(workflows.flatMap(({ graph }) => Object.values(graph).map((node) => node.class_type)))];
}

/**
 * What it means that validation refused a graph. A caller cannot help any of it, so the caller learns only whose fault it
 * is; the operator finds the words in the log.
 */
export function faultOfRefusal({ nodes, text }: Refusal, workflow: string): Fault {
  const words = nodes.map(wordsOf);
  const cause = new Error(`workflow ${workflow}: ${words.join('; ')}`, { cause: new Error(text) });
  // The picture was there a moment ago: somebody tidied the engine's input folder. The next attempt uploads it again.
  const isPicture = nodes.length > 0 && nodes.every((node) => node.type === 'custom_validation_failed');
  if (isPicture) return new Fault('backend_failed', 'The service that makes the video lost a frame.', { cause });
  return notSetUp(cause.message, cause.cause);
}

function wordsOf({ kind, type, details, input, received }: NodeProblem): string {
  if (type === 'value_not_in_list' && input !== undefined) return missingValue(kind, input, received);
  if (kind === '') return details;
  return `node ${kind}: ${type}${details === '' ? '' : ` (${details})`}`;
}

/** Whether a socket's node is one of these. */
export function isOneOf(sockets: readonly string[], nodes: readonly string[]): boolean {
  return sockets.some((socket) => nodes.includes(splitSocket(socket).node));
}
