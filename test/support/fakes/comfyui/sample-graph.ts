import type { Graph } from './validate.ts';

/** What to vary in a graph for tests. */
export interface SampleWish {
  readonly first: string;
  readonly last: string;
  readonly prefix?: string;
  readonly seed?: number;
  readonly steps?: number;
  readonly width?: number;
  readonly height?: number;
  readonly length?: number;
  readonly model?: string;
}

/** A small two-frame graph, as somebody would export it: one sampler, no CLIP vision. */
export function sampleGraph(wish: SampleWish): Graph {
  const { first, last, prefix = 'test/out', seed = 1, steps = 3, width = 160, height = 96, length = 9 } = wish;
  const node = (class_type: string, inputs: Readonly<Record<string, unknown>>) => ({ class_type, inputs });
  return {
    '1': node('UNETLoader', {
      unet_name: wish.model ?? 'wan2.1_flf2v_720p_14B_fp16.safetensors',
      weight_dtype: 'default',
    }),
    '2': node('CLIPLoader', { clip_name: 'umt5_xxl_fp8_e4m3fn_scaled.safetensors', type: 'wan', device: 'default' }),
    '3': node('VAELoader', { vae_name: 'wan_2.1_vae.safetensors' }),
    '4': node('CLIPTextEncode', { text: 'a walk', clip: ['2', 0] }),
    '5': node('CLIPTextEncode', { text: 'blurred', clip: ['2', 0] }),
    '6': node('LoadImage', { image: first }),
    '7': node('LoadImage', { image: last }),
    '8': node('WanFirstLastFrameToVideo', {
      positive: ['4', 0],
      negative: ['5', 0],
      vae: ['3', 0],
      start_image: ['6', 0],
      end_image: ['7', 0],
      width,
      height,
      length,
      batch_size: 1,
    }),
    '9': node('KSampler', {
      model: ['1', 0],
      seed,
      steps,
      cfg: 3,
      sampler_name: 'uni_pc',
      scheduler: 'simple',
      positive: ['8', 0],
      negative: ['8', 1],
      latent_image: ['8', 2],
      denoise: 1,
    }),
    '10': node('VAEDecode', { samples: ['9', 0], vae: ['3', 0] }),
    '11': node('CreateVideo', { images: ['10', 0], fps: 16 }),
    '12': node('SaveVideo', { video: ['11', 0], filename_prefix: prefix, format: 'auto', codec: 'auto' }),
  };
}
