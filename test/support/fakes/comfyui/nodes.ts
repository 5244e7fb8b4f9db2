/**
 * The node classes a fake ComfyUI knows, with the inputs its validation looks at: the core nodes of Wan's two-frame
 * graphs, and on wish two custom ones people use in their own.
 */

export type Kind =
  | 'INT'
  | 'FLOAT'
  | 'STRING'
  | 'BOOLEAN'
  | 'COMBO'
  /** Grown from plain combos in 0.33; plain words are still taken. */
  | 'DYNAMIC_COMBO'
  | 'MODEL'
  | 'CLIP'
  | 'VAE'
  | 'CLIP_VISION'
  | 'CLIP_VISION_OUTPUT'
  | 'CONDITIONING'
  | 'LATENT'
  | 'IMAGE'
  | 'AUDIO'
  | 'VIDEO';

export interface Input {
  readonly kind: Kind;
  readonly optional?: boolean;
  readonly min?: number;
  readonly max?: number;
  readonly step?: number;
  readonly default?: number | string | boolean;
  /** Fixed words of a combo. */
  readonly options?: readonly string[];
  /** A combo of the files in this models folder. */
  readonly models?: ModelFolder;
  /** A combo of the files in the root of the input folder, checked by the node itself. */
  readonly pictures?: boolean;
}

export type ModelFolder = 'diffusion_models' | 'text_encoders' | 'vae' | 'clip_vision' | 'loras' | 'unet_gguf';
export type Models = Readonly<Record<ModelFolder, readonly string[]>>;

export interface NodeClass {
  readonly name: string;
  /** Written in the newer way, which describes its combos differently. */
  readonly v3?: boolean;
  readonly inputs: Readonly<Record<string, Input>>;
  readonly outputs: readonly Kind[];
  readonly isOutput?: boolean;
  readonly custom?: boolean;
}

const int = (least: number, most: number, preset: number, step = 1): Input => ({
  kind: 'INT',
  min: least,
  max: most,
  step,
  default: preset,
});
const float = (least: number, most: number, preset: number): Input => ({
  kind: 'FLOAT',
  min: least,
  max: most,
  default: preset,
});
const combo = (...options: readonly string[]): Input => ({ kind: 'COMBO', options });
const files = (models: ModelFolder): Input => ({ kind: 'COMBO', models });
const of = (kind: Kind): Input => ({ kind });
const perhaps = (kind: Kind): Input => ({ kind, optional: true });

const SEED = { ...int(0, Number.MAX_SAFE_INTEGER, 0), max: 2 ** 64 };
const SAMPLERS = combo('euler', 'euler_ancestral', 'uni_pc', 'uni_pc_bh2', 'dpmpp_2m', 'res_multistep');
const SCHEDULERS = combo('simple', 'sgm_uniform', 'karras', 'normal', 'beta');

const SIZE = {
  width: int(16, 16384, 832, 16),
  height: int(16, 16384, 480, 16),
  length: int(1, 16384, 81, 4),
  batch_size: int(1, 4096, 1),
};
const WAN_INPUTS = { positive: of('CONDITIONING'), negative: of('CONDITIONING'), vae: of('VAE'), ...SIZE };
const WAN_OUTPUTS = ['CONDITIONING', 'CONDITIONING', 'LATENT'] as const;

const CLASSES: readonly NodeClass[] = [
  {
    name: 'UNETLoader',
    inputs: {
      unet_name: files('diffusion_models'),
      weight_dtype: combo('default', 'fp8_e4m3fn', 'fp8_e4m3fn_fast', 'fp8_e5m2'),
    },
    outputs: ['MODEL'],
  },
  {
    name: 'LoraLoaderModelOnly',
    inputs: { model: of('MODEL'), lora_name: files('loras'), strength_model: float(-100, 100, 1) },
    outputs: ['MODEL'],
  },
  { name: 'ModelSamplingSD3', inputs: { model: of('MODEL'), shift: float(0, 100, 3) }, outputs: ['MODEL'] },
  {
    name: 'CLIPLoader',
    inputs: {
      clip_name: files('text_encoders'),
      type: combo('stable_diffusion', 'sd3', 'wan', 'qwen_image'),
      device: { ...combo('default', 'cpu'), optional: true },
    },
    outputs: ['CLIP'],
  },
  { name: 'CLIPTextEncode', inputs: { text: of('STRING'), clip: of('CLIP') }, outputs: ['CONDITIONING'] },
  { name: 'VAELoader', inputs: { vae_name: files('vae') }, outputs: ['VAE'] },
  { name: 'CLIPVisionLoader', inputs: { clip_name: files('clip_vision') }, outputs: ['CLIP_VISION'] },
  {
    name: 'CLIPVisionEncode',
    inputs: { clip_vision: of('CLIP_VISION'), image: of('IMAGE'), crop: combo('center', 'none') },
    outputs: ['CLIP_VISION_OUTPUT'],
  },
  { name: 'LoadImage', inputs: { image: { kind: 'COMBO', pictures: true } }, outputs: ['IMAGE'] },
  {
    name: 'WanFirstLastFrameToVideo',
    v3: true,
    inputs: {
      ...WAN_INPUTS,
      clip_vision_start_image: perhaps('CLIP_VISION_OUTPUT'),
      clip_vision_end_image: perhaps('CLIP_VISION_OUTPUT'),
      start_image: perhaps('IMAGE'),
      end_image: perhaps('IMAGE'),
    },
    outputs: WAN_OUTPUTS,
  },
  {
    name: 'WanFunInpaintToVideo',
    v3: true,
    inputs: {
      ...WAN_INPUTS,
      clip_vision_output: perhaps('CLIP_VISION_OUTPUT'),
      start_image: perhaps('IMAGE'),
      end_image: perhaps('IMAGE'),
    },
    outputs: WAN_OUTPUTS,
  },
  {
    name: 'WanImageToVideo',
    v3: true,
    inputs: {
      ...WAN_INPUTS,
      clip_vision_output: perhaps('CLIP_VISION_OUTPUT'),
      start_image: perhaps('IMAGE'),
    },
    outputs: WAN_OUTPUTS,
  },
  {
    name: 'KSampler',
    inputs: {
      model: of('MODEL'),
      seed: SEED,
      steps: int(1, 10_000, 20),
      cfg: float(0, 100, 8),
      sampler_name: SAMPLERS,
      scheduler: SCHEDULERS,
      positive: of('CONDITIONING'),
      negative: of('CONDITIONING'),
      latent_image: of('LATENT'),
      denoise: float(0, 1, 1),
    },
    outputs: ['LATENT'],
  },
  {
    name: 'KSamplerAdvanced',
    inputs: {
      model: of('MODEL'),
      add_noise: combo('enable', 'disable'),
      noise_seed: SEED,
      steps: int(1, 10_000, 20),
      cfg: float(0, 100, 8),
      sampler_name: SAMPLERS,
      scheduler: SCHEDULERS,
      positive: of('CONDITIONING'),
      negative: of('CONDITIONING'),
      latent_image: of('LATENT'),
      start_at_step: int(0, 10_000, 0),
      end_at_step: int(0, 10_000, 10_000),
      return_with_leftover_noise: combo('disable', 'enable'),
    },
    outputs: ['LATENT'],
  },
  { name: 'VAEDecode', inputs: { samples: of('LATENT'), vae: of('VAE') }, outputs: ['IMAGE'] },
  {
    name: 'CreateVideo',
    v3: true,
    inputs: { images: of('IMAGE'), fps: float(1, 120, 30), audio: perhaps('AUDIO') },
    outputs: ['VIDEO'],
  },
  {
    name: 'SaveVideo',
    v3: true,
    inputs: {
      video: of('VIDEO'),
      filename_prefix: { kind: 'STRING', default: 'video/ComfyUI' },
      format: { kind: 'DYNAMIC_COMBO', options: ['auto', 'mp4'] },
      codec: { kind: 'DYNAMIC_COMBO', options: ['auto', 'h264'] },
    },
    outputs: [],
    isOutput: true,
  },
  {
    name: 'UnetLoaderGGUF',
    custom: true,
    inputs: { unet_name: files('unet_gguf') },
    outputs: ['MODEL'],
  },
  {
    name: 'VHS_VideoCombine',
    custom: true,
    inputs: {
      images: of('IMAGE'),
      frame_rate: float(1, 120, 8),
      loop_count: int(0, 100, 0),
      filename_prefix: { kind: 'STRING', default: 'AnimateDiff' },
      format: combo('image/gif', 'video/h264-mp4'),
      pingpong: { kind: 'BOOLEAN', default: false },
      save_output: { kind: 'BOOLEAN', default: true },
    },
    outputs: [],
    isOutput: true,
  },
];

/** The classes of one installation, by name. */
export function nodeClasses({ custom, without }: { custom: boolean; without: readonly string[] }) {
  return new Map(
    CLASSES.filter((each) => (custom || each.custom !== true) && !without.includes(each.name)).map((each) => [
      each.name,
      each,
    ]),
  );
}

/** The words a combo offers right now. */
export function optionsOf(input: Input, models: Models, pictures: readonly string[]): readonly string[] {
  if (input.models !== undefined) return models[input.models];
  return input.pictures === true ? pictures : (input.options ?? []);
}

/** One class as `/object_info/{class}` shows it. */
export function showClass(nodeClass: NodeClass, models: Models, pictures: readonly string[], dynamic: boolean): object {
  const show = (input: Input) => {
    const options = optionsOf(input, models, pictures);
    const { min, max, step, default: preset } = input;
    const config = Object.fromEntries(
      Object.entries({ default: preset, min, max, step }).filter(([, value]) => value !== undefined),
    );
    if (input.kind === 'DYNAMIC_COMBO' && dynamic) {
      return ['COMFY_DYNAMICCOMBO_V3', { options: options.map((key) => ({ key, inputs: { required: {} } })) }];
    }
    if (input.kind !== 'COMBO' && input.kind !== 'DYNAMIC_COMBO') return [input.kind, config];
    return nodeClass.v3 === true ? ['COMBO', { multiselect: false, options }] : [options, config];
  };
  const inputs = Object.entries(nodeClass.inputs);
  const required = inputs.filter(([, input]) => input.optional !== true);
  const optional = inputs.filter(([, input]) => input.optional === true);
  return {
    input: {
      required: Object.fromEntries(required.map(([name, input]) => [name, show(input)])),
      ...(optional.length > 0
        ? { optional: Object.fromEntries(optional.map(([name, input]) => [name, show(input)])) }
        : {}),
    },
    input_order: { required: required.map(([name]) => name), optional: optional.map(([name]) => name) },
    output: nodeClass.outputs,
    output_is_list: nodeClass.outputs.map(() => false),
    output_name: nodeClass.outputs,
    name: nodeClass.name,
    display_name: nodeClass.name,
    description: '',
    python_module: nodeClass.custom === true ? 'custom_nodes.extra' : 'nodes',
    category: 'fake',
    output_node: nodeClass.isOutput === true,
  };
}
