import { z } from 'zod';
import { SIZE_TIERS, type SizeTier } from '../../../domain/model.ts';
import type { Downloader, Fetcher } from '../../../ports/fetcher.ts';
import { downloadNamed } from '../remote/download-named.ts';
import { askPeer, type PeerAddress, type PeerReply } from '../remote/peer-http.ts';
import {
  NoReply,
  type Polled,
  type Probed,
  type RemoteApi,
  type RemoteAsk,
  type RemoteTraits,
  type Stopped,
} from '../remote/remote-api.ts';
import { faultOfStatus, stoppedThere } from '../remote/reply-fault.ts';
import { faultOfReply, faultOfTask } from './errors.ts';
import { protocolOf, type Region, upstreamName } from './models.ts';
import { uploadTemporarily } from './upload.ts';
import { readComplaint, readOutput, readReport } from './wire.ts';

/** One region of Alibaba Cloud Model Studio with one key. */
export interface DashscopeOptions {
  readonly address: PeerAddress;
  readonly region: Region;
  /** The callers' models that are routed here. */
  readonly routed: readonly string[];
  /** What DashScope calls them, where that is not the region's usual name: `wan2.7-i2v`, say. */
  readonly models: Readonly<Record<string, string>>;
  readonly upload: 'inline' | 'temporary';
  readonly workspace: string | undefined;
  readonly fetcher: Downloader & Pick<Fetcher, 'check'>;
}

type Handle = { readonly task: string };
const handle = z.object({ task: z.string().min(1) });
const located = z.object({ url: z.string() });

/**
 * DashScope's first-and-last-frame models. It knows no id of ours, so a create that is not answered can't be looked up;
 * tasks and results are kept there for 24 hours.
 */
export function createDashscopeApi(options: DashscopeOptions): RemoteApi<Handle> {
  return new DashscopeApi(options);
}

class DashscopeApi implements RemoteApi<Handle> {
  readonly traits: RemoteTraits;
  readonly #options: DashscopeOptions;

  constructor(options: DashscopeOptions) {
    this.#options = options;
    const protocols = options.routed.map((model) => protocolOf(this.#nameOf(model)));
    const common = (size: SizeTier) => protocols.every(({ sizes }) => sizes.includes(size));
    this.traits = {
      sizes: SIZE_TIERS.filter(common),
      sides: {
        min: Math.max(...protocols.map(({ sides }) => sides.min), 240),
        max: Math.min(...protocols.map(({ sides }) => sides.max), 8000),
      },
      billed: true,
      cancel: 'queued',
      honoursSeed: true,
      negativePrompt: 'optional',
      watermarks: true,
      extendsPrompt: true,
      tellsProgress: false,
    };
  }

  #nameOf(model: string): string {
    return upstreamName(model, this.#options.region, this.#options.models);
  }

  async start(ask: RemoteAsk, signal: AbortSignal): Promise<Handle> {
    const { address, upload, workspace } = this.#options;
    const model = this.#nameOf(ask.model);
    const protocol = protocolOf(model);
    const [first, last] = await this.#frames(ask, model, signal);
    const frames = protocol.media
      ? {
          media: [
            { type: 'first_frame', url: first },
            { type: 'last_frame', url: last },
          ],
        }
      : { first_frame_url: first, last_frame_url: last };
    const negative = ask.negativePrompt === '' ? {} : { negative_prompt: ask.negativePrompt };
    const headers = {
      'x-dashscope-async': 'enable',
      ...(upload === 'temporary' ? { 'x-dashscope-ossresourceresolve': 'enable' } : {}),
      ...(workspace === undefined ? {} : { 'x-dashscope-workspace': workspace }),
    };
    const parameters = {
      resolution: ask.size,
      duration: ask.seconds,
      prompt_extend: ask.extendPrompt,
      watermark: ask.watermark,
      seed: ask.seed,
    };
    const json = { model, input: { prompt: ask.prompt, ...negative, ...frames }, parameters };
    return readCreated(
      await askPeer(address, { method: 'POST', path: protocol.path, headers, body: { json } }, signal),
    );
  }

  async #frames(
    { frames, attempt }: RemoteAsk,
    model: string,
    signal: AbortSignal,
  ): Promise<readonly [string, string]> {
    const { address, fetcher, upload } = this.#options;
    const place = (role: 'first' | 'last') => {
      const png = frames[role];
      if (upload === 'inline') return `data:image/png;base64,${Buffer.from(png).toString('base64')}`;
      return uploadTemporarily(address, fetcher, model, { name: `${attempt.uuid}-${role}.png`, png }, signal);
    };
    return Promise.all([place('first'), place('last')]);
  }

  async poll({ task }: Handle, signal: AbortSignal): Promise<Polled> {
    const reply = await askPeer(this.#options.address, { method: 'GET', path: taskPath(task) }, signal);
    const output = readOutput(reply.json);
    if (reply.status !== 200) throw faultOfReply(readComplaint(reply.json), reply);
    if (output?.task_status === undefined) throw new NoReply('an answer without a status', true);
    switch (output.task_status) {
      case 'PENDING':
        return { state: 'working', phase: 'upstream_queued' };
      case 'RUNNING':
      case 'SUSPENDED':
        return { state: 'working', phase: 'generating' };
      case 'SUCCEEDED': {
        if (output.video_url === undefined) throw new NoReply('succeeded, without an address', true);
        const actualPrompt = output.actual_prompt === undefined ? {} : { actualPrompt: output.actual_prompt };
        return { state: 'done', result: { url: output.video_url }, report: readReport(reply.json), ...actualPrompt };
      }
      case 'FAILED':
        return { state: 'failed', fault: faultOfTask({ code: output.code ?? '', message: output.message ?? '' }) };
      case 'CANCELED':
        return { state: 'failed', fault: stoppedThere('DashScope') };
      case 'UNKNOWN':
        return { state: 'lost', why: 'DashScope does not know the task (older than 24 hours, or another key’s)' };
      default:
        return { state: 'working', phase: 'generating', unknownWord: output.task_status };
    }
  }

  /** Only what waits can be cancelled there. */
  async stop({ task }: Handle, signal: AbortSignal): Promise<Stopped> {
    const { address } = this.#options;
    const { status, json } = await askPeer(address, { method: 'POST', path: `${taskPath(task)}/cancel` }, signal);
    if (status === 200) return 'stopped';
    if (readComplaint(json)?.code !== 'UnsupportedOperation') return 'unknown';
    const polled = await this.poll({ task }, signal);
    return polled.state === 'working' ? 'goes_on' : 'stopped';
  }

  /** The address is signed: it needs no credential, and gets none. */
  async fetchResult(_handle: Handle, result: unknown, toFile: string, signal: AbortSignal): Promise<void> {
    const { address, fetcher } = this.#options;
    const { url } = located.parse(result);
    const ours = URL.canParse(url) && new URL(url).origin === new URL(address.url).origin;
    await downloadNamed(fetcher, url, ours ? 'configured' : 'public', toFile, signal);
  }

  /** The list of tasks costs nothing and needs the key. */
  async probe(signal: AbortSignal): Promise<Probed> {
    const path = '/api/v1/tasks/?page_no=1&page_size=1';
    const reply = await askPeer(this.#options.address, { method: 'GET', path }, signal);
    if (reply.status === 200) return { problems: [] };
    const complaint = readComplaint(reply.json);
    if (reply.status === 401) return { problems: ['the API key is refused; keys belong to one region (region, url)'] };
    const fault = faultOfReply(complaint, reply);
    return { problems: [`${complaint?.code ?? `status ${reply.status}`}: ${fault.message}`] };
  }

  readOperation(saved: unknown): Handle | undefined {
    return handle.safeParse(saved).data;
  }
}

function readCreated(reply: PeerReply): Handle {
  const task = readOutput(reply.json)?.task_id;
  if (reply.status >= 200 && reply.status < 300) {
    if (task !== undefined) return { task };
    throw new NoReply('accepted without a task id', true, new Error(reply.text));
  }
  const complaint = readComplaint(reply.json);
  throw complaint === undefined ? faultOfStatus(reply) : faultOfReply(complaint, reply);
}

function taskPath(task: string): string {
  return `/api/v1/tasks/${encodeURIComponent(task)}`;
}
