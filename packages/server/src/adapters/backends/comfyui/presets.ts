import type { Json } from '../../../domain/attempt.ts';
import type { SizeTier } from '../../../domain/model.ts';
import { WAN_FPS } from '../self-hosted.ts';
import type { Bind, Graph, GraphNode, Socket, Workflow } from './workflow.ts';

/**
 * Graphs of our own for Wan's open models, of core nodes only. Model files go by the names under which they are published
 * (Hugging Face: Comfy-Org/Wan_2.1_ComfyUI_repackaged, Comfy-Org/Wan_2.2_ComfyUI_Repackaged). Steps, cfg and shift are
 * those of ComfyUI's own templates for these models.
 */

const node = (class_type: string, inputs: Readonly<Record<string, Json>>): GraphNode => ({ class_type, inputs });
const from = (id: string, slot = 0): Json => [id, slot];

const TEXT_ENCODER = 'umt5_xxl_fp8_e4m3fn_scaled.safetensors';

/** What all of them have: text, pictures, and the way from the samples to the file. */
function frame(samples: string): Graph {
  return {
    clip: node('CLIPLoader', { clip_name: TEXT_ENCODER, type: 'wan', device: 'default' }),
    vae: node('VAELoader', { vae_name: 'wan_2.1_vae.safetensors' }),
    positive: node('CLIPTextEncode', { text: '', clip: from('clip') }),
    negative: node('CLIPTextEncode', { text: '', clip: from('clip') }),
    first: node('LoadImage', { image: '' }),
    last: node('LoadImage', { image: '' }),
    decode: node('VAEDecode', { samples: from(samples), vae: from('vae') }),
    video: node('CreateVideo', { images: from('decode'), fps: WAN_FPS }),
    save: node('SaveVideo', { video: from('video'), filename_prefix: '', format: 'auto', codec: 'auto' }),
  };
}

/** The node that puts the two pictures at both ends of an empty clip. */
function between(kind: string, more: Readonly<Record<string, Json>> = {}): GraphNode {
  return node(kind, {
    positive: from('positive'),
    negative: from('negative'),
    vae: from('vae'),
    width: 832,
    height: 480,
    length: 81,
    batch_size: 1,
    start_image: from('first'),
    end_image: from('last'),
    ...more,
  });
}

const CONDITIONED = { positive: from('between', 0), negative: from('between', 1) };

function bind(seed: Socket): Bind {
  return {
    first: ['first.image'],
    last: ['last.image'],
    prompt: ['positive.text'],
    negative: ['negative.text'],
    width: ['between.width'],
    height: ['between.height'],
    frames: ['between.length'],
    fps: ['video.fps'],
    seed: [seed],
    prefix: ['save.filename_prefix'],
  };
}

/** Wan 2.2, 14B: one expert for the noisy half of the way and one for the rest. */
function wan22(name: string, { steps, half, cfg, shift, lora }: Wan22Shape): Workflow {
  const expert = (noise: 'high' | 'low'): Graph => ({
    [`${noise}_model`]: node('UNETLoader', {
      unet_name: `wan2.2_i2v_${noise}_noise_14B_fp8_scaled.safetensors`,
      weight_dtype: 'default',
    }),
    ...(lora
      ? {
          [`${noise}_lora`]: node('LoraLoaderModelOnly', {
            model: from(`${noise}_model`),
            lora_name: `wan2.2_i2v_lightx2v_4steps_lora_v1_${noise}_noise.safetensors`,
            strength_model: 1,
          }),
        }
      : {}),
    [`${noise}_shift`]: node('ModelSamplingSD3', { model: from(lora ? `${noise}_lora` : `${noise}_model`), shift }),
  });
  const sampler = (noise: 'high' | 'low', more: Readonly<Record<string, Json>>) =>
    node('KSamplerAdvanced', {
      model: from(`${noise}_shift`),
      steps,
      cfg,
      sampler_name: 'euler',
      scheduler: 'simple',
      ...CONDITIONED,
      ...more,
    });
  const graph = {
    ...expert('high'),
    ...expert('low'),
    ...frame('low_steps'),
    between: between('WanFirstLastFrameToVideo'),
    high_steps: sampler('high', {
      add_noise: 'enable',
      noise_seed: 0,
      latent_image: from('between', 2),
      start_at_step: 0,
      end_at_step: half,
      return_with_leftover_noise: 'enable',
    }),
    low_steps: sampler('low', {
      add_noise: 'disable',
      noise_seed: 0,
      latent_image: from('high_steps'),
      start_at_step: half,
      end_at_step: 10_000,
      return_with_leftover_noise: 'disable',
    }),
  };
  return { name, graph, bind: bind('high_steps.noise_seed'), sizes: ['480P', '720P'], fps: WAN_FPS, step: 16 };
}

interface Wan22Shape {
  readonly steps: number;
  readonly half: number;
  readonly cfg: number;
  readonly shift: number;
  readonly lora: boolean;
}

/** Wan 2.1: one model that also looks at the pictures through CLIP vision. */
function wan21(name: string, model: string, sizes: readonly SizeTier[], pictures: Graph): Workflow {
  const graph = {
    model: node('UNETLoader', { unet_name: model, weight_dtype: 'default' }),
    shift: node('ModelSamplingSD3', { model: from('model'), shift: 8 }),
    vision: node('CLIPVisionLoader', { clip_name: 'clip_vision_h.safetensors' }),
    see_first: node('CLIPVisionEncode', { clip_vision: from('vision'), image: from('first'), crop: 'none' }),
    ...frame('steps'),
    ...pictures,
    steps: node('KSampler', {
      model: from('shift'),
      seed: 0,
      steps: 20,
      cfg: 3,
      sampler_name: 'uni_pc',
      scheduler: 'simple',
      ...CONDITIONED,
      latent_image: from('between', 2),
      denoise: 1,
    }),
  };
  return { name, graph, bind: bind('steps.seed'), sizes, fps: WAN_FPS, step: 16 };
}

export const PRESETS = {
  'wan22-flf2v': wan22('wan22-flf2v', { steps: 20, half: 10, cfg: 4, shift: 8, lora: false }),
  // cfg 1: the negative prompt has no effect. Quicker by five, with less movement.
  'wan22-flf2v-4step': wan22('wan22-flf2v-4step', { steps: 4, half: 2, cfg: 1, shift: 5, lora: true }),
  // Trained at 720P only.
  'wan21-flf2v': wan21('wan21-flf2v', 'wan2.1_flf2v_720p_14B_fp16.safetensors', ['720P'], {
    see_last: node('CLIPVisionEncode', { clip_vision: from('vision'), image: from('last'), crop: 'none' }),
    between: between('WanFirstLastFrameToVideo', {
      clip_vision_start_image: from('see_first'),
      clip_vision_end_image: from('see_last'),
    }),
  }),
  // For small GPUs.
  'wan21-fun-inp-1.3b': wan21('wan21-fun-inp-1.3b', 'wan2.1_fun_inp_1.3B_bf16.safetensors', ['480P', '720P'], {
    between: between('WanFunInpaintToVideo', { clip_vision_output: from('see_first') }),
  }),
} as const satisfies Readonly<Record<string, Workflow>>;

export type PresetName = keyof typeof PRESETS;

export const PRESET_NAMES = Object.keys(PRESETS) as readonly PresetName[];

/** The presets that can stand for a model, the best first; the first one whose files are there is used. */
export function presetsFor(model: string): readonly Workflow[] {
  const order: readonly PresetName[] = model.startsWith('wan2.1')
    ? ['wan21-flf2v', 'wan22-flf2v', 'wan22-flf2v-4step', 'wan21-fun-inp-1.3b']
    : ['wan22-flf2v-4step', 'wan22-flf2v', 'wan21-flf2v', 'wan21-fun-inp-1.3b'];
  return order.map((name) => PRESETS[name]);
}
