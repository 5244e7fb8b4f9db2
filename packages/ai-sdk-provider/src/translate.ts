import {
  type Experimental_VideoModelV4CallOptions as CallOptions,
  type Experimental_VideoModelV4File as File,
  InvalidArgumentError,
  type SharedV4Warning,
} from '@ai-sdk/provider';
import type { CreateVideo, VideoSize } from '@inbetween/client';

/** `providerOptions.inbetween`. */
export interface InbetweenVideoOptions {
  readonly size?: VideoSize;
  readonly promptExtend?: boolean;
  readonly watermark?: boolean;
  readonly negativePrompt?: string;
  readonly tags?: Readonly<Record<string, string>>;
}

const SECONDS = 5;
const AREAS: readonly (readonly [VideoSize, number])[] = [
  ['480P', 832 * 480],
  ['720P', 1280 * 720],
  ['1080P', 1920 * 1080],
];

/** Puts a call of the AI SDK into an ask of ours, and says what of it is not heeded. */
export function readAsk(
  model: string,
  options: CallOptions,
): { readonly ask: CreateVideo; readonly warnings: SharedV4Warning[] } {
  const own = (options.providerOptions['inbetween'] ?? {}) as InbetweenVideoOptions;
  const size = own.size ?? (options.resolution === undefined ? undefined : tierOf(options.resolution));
  const given = {
    prompt: options.prompt,
    size,
    seed: options.seed,
    prompt_extend: own.promptExtend,
    watermark: own.watermark,
    negative_prompt: own.negativePrompt,
    tags: own.tags,
  };
  const fields = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  return { ask: { model, images: framesOf(options), ...fields } as CreateVideo, warnings: unheeded(options) };
}

function framesOf({ frameImages = [], image }: CallOptions): CreateVideo['images'] {
  const of = (type: 'first_frame' | 'last_frame') => frameImages.find(({ frameType }) => frameType === type)?.image;
  const [first, last] = [of('first_frame') ?? image, of('last_frame')];
  if (first !== undefined && last !== undefined) return [pictureOf(first), pictureOf(last)];
  const missing = first === undefined ? 'first_frame' : 'last_frame';
  throw new InvalidArgumentError({
    argument: 'frameImages',
    message: `frameImages has no ${missing}: this model makes the video between a first and a last frame.`,
  });
}

function pictureOf(file: File): string | Uint8Array {
  if (file.type === 'url') return file.url;
  return typeof file.data === 'string' ? `data:${file.mediaType};base64,${file.data}` : file.data;
}

/** The tier whose area is nearest. */
function tierOf(resolution: string): VideoSize {
  const [width = 0, height = 0] = resolution.split('x').map(Number);
  const distance = (area: number) => Math.abs(Math.log((width * height) / area));
  return AREAS.reduce((best, next) => (distance(next[1]) < distance(best[1]) ? next : best))[0];
}

function unheeded(options: CallOptions): SharedV4Warning[] {
  const warnings: SharedV4Warning[] = [];
  const say = (feature: string, details: string) => void warnings.push({ type: 'unsupported', feature, details });
  const { duration, fps, aspectRatio, generateAudio, inputReferences = [] } = options;
  if (duration !== undefined && duration !== SECONDS) say('duration', `Every video has ${SECONDS} seconds.`);
  if (fps !== undefined) say('fps', 'The backend decides the frames per second.');
  if (aspectRatio !== undefined) say('aspectRatio', 'The shape follows the first frame.');
  if (generateAudio === true) say('generateAudio', 'The videos are silent.');
  if (inputReferences.length > 0) say('inputReferences', 'Only the first and the last frame are used.');
  return warnings;
}
