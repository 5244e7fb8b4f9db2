import { z } from 'zod';
import type { Json } from '../../../domain/attempt.ts';
import type { SizeTier } from '../../../domain/model.ts';
import { MAX_RESULT_BYTES } from '../remote/download-named.ts';
import { askPeer, askPeerThrough, type PeerAddress, type PeerReply, type PeerRequest } from '../remote/peer-http.ts';
import {
  NoReply,
  type Polled,
  type Probed,
  type RemoteApi,
  type RemoteAsk,
  type RemoteTraits,
  type Stopped,
} from '../remote/remote-api.ts';
import { faultOfResult, resultGone, stoppedThere } from '../remote/reply-fault.ts';
import { engineFailed, framesFor, notSetUp, readAs, unreachable, WAN_FPS } from '../self-hosted.ts';
import { openDecoded } from './decoded-file.ts';
import { liftText } from './lift-text.ts';

export interface SdcppOptions {
  readonly address: PeerAddress;
  readonly sizes?: readonly SizeTier[];
  readonly fps?: number;
  /** More fields of the request, such as `sample_params` or `lora`: what the loaded model needs is the operator's to know. */
  readonly request?: Readonly<Record<string, Json>>;
}

/** An accepted job. */
interface Operation extends Record<string, Json> {
  readonly job: string;
}

const operation = z.object({ job: z.string() });
const accepted = z.looseObject({ id: z.string() });
const job = z.looseObject({
  status: z.string(),
  result: z
    .looseObject({ b64_json: z.string(), frame_count: z.number().optional(), output_format: z.string().optional() })
    .optional()
    .catch(undefined),
  error: z
    .looseObject({ code: z.string().catch(''), message: z.string().catch('') })
    .optional()
    .catch(undefined),
});
const capabilities = z.looseObject({
  features_by_mode: z.looseObject({ vid_gen: z.looseObject({ end_image: z.boolean().catch(false) }).optional() }),
  output_formats_by_mode: z.looseObject({ vid_gen: z.array(z.string()).catch([]) }).catch({ vid_gen: [] }),
});

const ENGINE = 'sd-server';
/** The member of a finished job that holds its file. */
const FILE = 'b64_json';
/** In the order in which we like them: both are coded anew, and WebM holds more of the picture in fewer bytes. */
const FORMATS = ['webm', 'avi'] as const;

/**
 * stable-diffusion.cpp's `sd-server`. It knows no ids of ours, tells no progress, cannot stop what it has begun, and gives
 * the whole file in the answer to a poll, for ten minutes after it was finished.
 */
export function createSdcppApi(options: SdcppOptions): RemoteApi<Operation> {
  return new SdcppApi(options);
}

class SdcppApi implements RemoteApi<Operation> {
  readonly traits: RemoteTraits;
  readonly #options: SdcppOptions;

  constructor(options: SdcppOptions) {
    this.#options = options;
    this.traits = {
      sizes: options.sizes ?? ['480P', '720P'],
      billed: false,
      cancel: 'queued',
      honoursSeed: true,
      negativePrompt: 'default',
      watermarks: false,
      extendsPrompt: false,
      tellsProgress: false,
    };
  }

  async start(ask: RemoteAsk, signal: AbortSignal): Promise<Operation> {
    const { fps = WAN_FPS, request = {} } = this.#options;
    // Asked each time, because it may have been started with another model: one that takes no last frame drops it silently.
    const { problems, format } = await this.#look(signal);
    if (format === undefined) throw notSetUp(problems.join('; '));
    const json = {
      ...request,
      prompt: ask.prompt,
      negative_prompt: ask.negativePrompt,
      ...ask.pixels,
      seed: ask.seed,
      video_frames: framesFor(ask.seconds, fps),
      fps,
      init_image: base64(ask.frames.first),
      end_image: base64(ask.frames.last),
      output_format: format,
    };
    const reply = await this.#ask({ method: 'POST', path: '/sdcpp/v1/vid_gen', body: { json } }, signal);
    // A bad request can only be about what the server or the operator's own fields make of it.
    if (reply.status === 400) throw notSetUp(reply.text);
    const { id } = readAs(ENGINE, reply, accepted);
    return { job: id };
  }

  async poll({ job: id }: Operation, signal: AbortSignal): Promise<Polled> {
    const { address } = this.#options;
    // A finished job carries its whole file; it is fetched when it is known where to put it.
    const reply = await askPeerThrough(address, jobRequest(id), (body) => liftText(body, FILE), signal);
    if (reply.status === 404) return { state: 'lost', why: 'sd-server does not know the job; it was restarted' };
    if (reply.status === 410) return { state: 'failed', fault: resultGone('the result expired before it was fetched') };
    const { status, result: made, error } = readAs(ENGINE, reply, job);
    switch (status) {
      case 'queued':
        return { state: 'working', phase: 'upstream_queued' };
      case 'generating':
        return { state: 'working', phase: 'generating' };
      case 'completed': {
        if (made === undefined) return { state: 'failed', fault: engineFailed(`no file: ${reply.text}`) };
        const { frame_count: frames, output_format: format } = made;
        return {
          state: 'done',
          result: null,
          report: { frames: frames ?? null, format: format ?? null },
        };
      }
      case 'failed':
        return { state: 'failed', fault: engineFailed(`${error?.code}: ${error?.message}`) };
      case 'cancelled':
        return { state: 'failed', fault: stoppedThere(ENGINE) };
      default:
        return { state: 'working', phase: 'generating', unknownWord: status };
    }
  }

  async stop({ job: id }: Operation, signal: AbortSignal): Promise<Stopped> {
    const reply = await this.#ask({ method: 'POST', path: `${jobPath(id)}/cancel`, body: { json: {} } }, signal);
    if (reply.status === 409) return 'goes_on';
    return [200, 202, 204, 404, 410].includes(reply.status) ? 'stopped' : 'unknown';
  }

  async fetchResult({ job: id }: Operation, _: Json, toFile: string, signal: AbortSignal): Promise<void> {
    const file = await openDecoded(toFile, MAX_RESULT_BYTES);
    try {
      const { address } = this.#options;
      const into = (body: AsyncIterable<Uint8Array>) => liftText(body, FILE, file.add);
      const reply = await askPeerThrough(address, jobRequest(id), into, signal);
      if (reply.status === 404 || reply.status === 410) throw faultOfResult(reply);
      const { status, result: made } = readAs(ENGINE, reply, job);
      if (status !== 'completed' || made === undefined) throw new NoReply('a finished job without a file', true);
      await file.finish();
    } finally {
      await file.close();
    }
  }

  async probe(signal: AbortSignal): Promise<Probed> {
    try {
      const { problems } = await this.#look(signal);
      return { problems, version: ENGINE };
    } catch (error) {
      return unreachable(ENGINE, this.#options.address, error, signal);
    }
  }

  readOperation(saved: Json): Operation | undefined {
    return operation.safeParse(saved).data;
  }

  /** What it has: a format, or what keeps it from making our videos. */
  async #look(signal: AbortSignal): Promise<Probed & { readonly format: string | undefined }> {
    const reply = await this.#ask({ method: 'GET', path: '/sdcpp/v1/capabilities' }, signal);
    const found = readAs(ENGINE, reply, capabilities);
    const formats = found.output_formats_by_mode.vid_gen;
    const { vid_gen: video } = found.features_by_mode;
    const problems: string[] = [];
    if (video === undefined) problems.push('sd-server has no video model loaded');
    else if (!video.end_image)
      problems.push('the loaded model takes no last frame: start sd-server with a Wan FLF2V or I2V model');
    const format = FORMATS.find((each) => formats.includes(each));
    if (problems.length === 0 && format === undefined)
      problems.push(`sd-server writes ${formats.join(', ') || 'no video'}; webm or avi is needed`);
    return { problems, version: ENGINE, format: problems.length === 0 ? format : undefined };
  }

  #ask(request: PeerRequest, signal: AbortSignal): Promise<PeerReply> {
    return askPeer(this.#options.address, request, signal);
  }
}

const jobRequest = (id: string): PeerRequest => ({ method: 'GET', path: jobPath(id) });
const jobPath = (id: string) => `/sdcpp/v1/jobs/${encodeURIComponent(id)}`;
const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
