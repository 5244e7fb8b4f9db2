import type { z } from 'zod';
import type { dashscope } from './kinds/dashscope.ts';
import type { comfyui, lightx2v, sdcpp } from './kinds/engines.ts';
import type { openaiVideos } from './kinds/openai-videos.ts';

/** One address with one credential, ready to be used. */
export interface InstanceConfig {
  /** Names address and credential; saved with what is accepted there. */
  readonly name: string;
  readonly url: string;
  /** The variable that holds the credential, and what it holds. */
  readonly credential:
    | { readonly variable: string; readonly secret: string; readonly user: string | undefined }
    | undefined;
  /** By name, references replaced by what they stand for. */
  readonly headers: Readonly<Record<string, string>>;
  readonly slots: number | undefined;
  readonly draining: boolean;
}

interface Common {
  readonly name: string;
  readonly draining: boolean;
  readonly instances: readonly InstanceConfig[];
}

/** A configured backend: what the file says of it, its instances resolved. Fields that are absent have their kind's default. */
export type BackendConfig = Common &
  (
    | { readonly kind: 'dashscope'; readonly entry: z.infer<typeof dashscope> }
    | { readonly kind: 'comfyui'; readonly entry: z.infer<typeof comfyui> }
    | { readonly kind: 'sdcpp'; readonly entry: z.infer<typeof sdcpp> }
    | { readonly kind: 'lightx2v'; readonly entry: z.infer<typeof lightx2v> }
    | { readonly kind: 'openai-videos'; readonly entry: z.infer<typeof openaiVideos> }
  );

export type BackendKind = BackendConfig['kind'];

export interface PromptWriterConfig {
  readonly url: string;
  readonly model: string;
  readonly credential: InstanceConfig['credential'];
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

/** Who makes what. */
export interface GenerationConfig {
  readonly backends: readonly BackendConfig[];
  /** For each model the names of its backends, the best first. */
  readonly routes: Readonly<Record<string, readonly string[]>>;
  readonly promptWriter: PromptWriterConfig | undefined;
  /** Undefined: the built-in text. */
  readonly negativePrompt: string | undefined;
}
