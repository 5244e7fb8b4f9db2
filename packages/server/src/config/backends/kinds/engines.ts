import { z } from 'zod';
import { common } from '../fields.ts';

const sockets = z.union([z.string(), z.array(z.string()).min(1)], 'a place such as "12.seed", or several');

/** ComfyUI: presets of ours, or the user's own exported graph. */
export const comfyui = z.strictObject({
  kind: z.literal('comfyui'),
  ...common,
  preset: z
    .enum(
      ['wan22-flf2v', 'wan22-flf2v-4step', 'wan21-flf2v', 'wan21-fun-inp-1.3b'],
      'one of wan22-flf2v, wan22-flf2v-4step, wan21-flf2v, wan21-fun-inp-1.3b',
    )
    .optional()
    .describe('The bundled graph to use. Without one, the best whose model files are there.'),
  graph: z.string().min(1).optional().describe('The path of a graph of your own, made by "Workflow > Export (API)".'),
  bind: z
    .strictObject({
      first: sockets.optional(),
      last: sockets.optional(),
      prompt: sockets.optional(),
      negative: sockets.optional(),
      width: sockets.optional(),
      height: sockets.optional(),
      frames: sockets.optional(),
      fps: sockets.optional(),
      seed: sockets.optional(),
      prefix: sockets.optional(),
    })
    .optional()
    .describe('Where in your graph each part goes, as "node.input"; what is left out is looked for.'),
  fps: z.int().min(1).max(60).optional().describe('What the model of your graph was trained on; default 16.'),
});

/** stable-diffusion.cpp's sd-server. */
export const sdcpp = z.strictObject({
  kind: z.literal('sdcpp'),
  ...common,
  fps: z.int().min(1).max(60).optional().describe('Frames a second; default 16.'),
  request: z
    .record(z.string(), z.json())
    .optional()
    .describe('More fields of its request, such as sample_params: what the loaded model needs.'),
});

/** The LightX2V server. */
export const lightx2v = z.strictObject({
  kind: z.literal('lightx2v'),
  ...common,
  shared: z
    .strictObject({
      here: z.string().min(1).describe('Its path on this machine.'),
      there: z.string().min(1).describe('Its path on the machine of LightX2V.'),
    })
    .optional()
    .describe('A folder that both machines see: frames go through it, and lost answers are looked up.'),
  steps: z.int().min(1).max(200).optional().describe('Sampling steps; default 4 for a distilled model, else 40.'),
});
