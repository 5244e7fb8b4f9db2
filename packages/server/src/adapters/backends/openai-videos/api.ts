import { z } from 'zod';
import { Fault } from '../../../domain/fault.ts';
import type { SizeTier } from '../../../domain/model.ts';
import type { Downloader } from '../../../ports/fetcher.ts';
import { downloadNamed } from '../remote/download-named.ts';
import { askPeer, downloadFrom, type PeerAddress, type PeerReply } from '../remote/peer-http.ts';
import {
  NoReply,
  type Polled,
  type Probed,
  type RemoteApi,
  type RemoteAsk,
  type RemoteTraits,
  type Stopped,
} from '../remote/remote-api.ts';
import { faultOfResult, faultOfStatus, refused, stoppedThere } from '../remote/reply-fault.ts';
import { type FieldMap, phaseOf, readWord, setAt } from './dialects.ts';
import { type GatewayVideo, readError, readVideo } from './read-video.ts';

/** One gateway. */
export interface GatewayOptions {
  readonly address: PeerAddress;
  readonly fields: FieldMap;
  readonly size: 'tier' | 'pixels';
  readonly frames: 'data-url' | 'base64';
  readonly idempotencyKey: boolean;
  readonly cancels: boolean;
  readonly billed: boolean;
  readonly sizes: readonly SizeTier[];
  readonly sides: { readonly min: number; readonly max: number } | undefined;
  /** What the gateway calls our models; absent ones have the same name there. */
  readonly models: Readonly<Record<string, string>>;
  /** For addresses that stand in an answer. */
  readonly fetcher: Downloader;
}

type Handle = { readonly id: string; readonly url: string | null };
const handle = z.object({ id: z.string().min(1), url: z.string().nullable() });
const located = z.object({ url: z.string().nullable() });

/** A start that was not answered is sent again so often where its Idempotency-Key makes that safe. */
const RESENDS = 2;

/** Any gateway that speaks `POST /v1/videos` and takes two frames: new-api and its forks, PowerTokens, another Inbetween. */
export function createGatewayApi(options: GatewayOptions): RemoteApi<Handle> {
  return new GatewayApi(options);
}

class GatewayApi implements RemoteApi<Handle> {
  readonly traits: RemoteTraits;
  readonly #options: GatewayOptions;

  constructor(options: GatewayOptions) {
    this.#options = options;
    const { fields, cancels, billed, sizes, sides } = options;
    this.traits = {
      sizes,
      ...(sides === undefined ? {} : { sides }),
      billed,
      cancel: cancels ? 'running' : 'none',
      honoursSeed: fields.seed !== undefined,
      negativePrompt: fields.negativePrompt === undefined ? 'none' : 'optional',
      watermarks: fields.watermark !== undefined,
      extendsPrompt: fields.promptExtend !== undefined,
      tellsProgress: false,
    };
  }

  async start(ask: RemoteAsk, signal: AbortSignal): Promise<Handle> {
    const { address, idempotencyKey } = this.#options;
    const headers = idempotencyKey ? { 'idempotency-key': ask.attempt.uuid } : {};
    const request = { method: 'POST', path: '/v1/videos', headers, body: { json: this.#bodyOf(ask) } } as const;
    let doubt: NoReply | undefined;
    for (let sends = 1; ; sends += 1) {
      try {
        return readAccepted(await askPeer(address, request, signal));
      } catch (error) {
        if (error instanceof NoReply && error.reached) doubt = error;
        if (idempotencyKey && sends <= RESENDS && error === doubt && !signal.aborted) continue;
        // That it is refused now says nothing about the one that was not answered: it may have been accepted.
        throw doubt ?? error;
      }
    }
  }

  #bodyOf(ask: RemoteAsk): Record<string, unknown> {
    const { fields, size, models } = this.#options;
    const body: Record<string, unknown> = { model: models[ask.model] ?? ask.model, prompt: ask.prompt };
    const set = (path: string | undefined, value: unknown) => {
      if (path !== undefined && value !== undefined) setAt(body, path, value);
    };
    set(fields.first, this.#frame(ask.frames.first));
    set(fields.last, this.#frame(ask.frames.last));
    set(fields.negativePrompt, ask.negativePrompt === '' ? undefined : ask.negativePrompt);
    set(fields.seed, ask.seed);
    set(fields.promptExtend, ask.extendPrompt);
    set(fields.watermark, ask.watermark);
    set(fields.size, size === 'tier' ? ask.size : `${ask.pixels.width}x${ask.pixels.height}`);
    set(fields.seconds, String(ask.seconds));
    return body;
  }

  #frame(png: Uint8Array): string {
    const base64 = Buffer.from(png).toString('base64');
    return this.#options.frames === 'data-url' ? `data:image/png;base64,${base64}` : base64;
  }

  async poll({ id }: Handle, signal: AbortSignal): Promise<Polled> {
    const request = { method: 'GET', path: `/v1/videos/${encodeURIComponent(id)}` } as const;
    const reply = await askPeer(this.#options.address, request, signal);
    const video = readVideo(reply.json);
    const state = video?.status === undefined ? undefined : readWord(video.status);
    // Some answer the state of a failed video with an error status: the words in the body count more.
    if (state === 'cancelled') return { state: 'failed', fault: stoppedThere('the gateway') };
    if (video !== undefined && state === 'failed') return { state: 'failed', fault: failure(video) };
    if (isUnknownId(reply)) return { state: 'lost', why: `status ${reply.status}: ${reply.text.slice(0, 200)}` };
    if (reply.status !== 200) throw faultOfStatus(reply);
    if (video?.status === undefined) throw new NoReply('an answer without a status', true);
    if (state === 'lost') return { state: 'lost', why: `the gateway says "${video.status}"` };
    if (state === 'done') return done(video);
    return {
      state: 'working',
      phase: phaseOf(state),
      ...(video.fraction === undefined ? {} : { fraction: video.fraction }),
      ...(state === undefined ? { unknownWord: video.status } : {}),
      ...(reply.retryAfterMs === undefined ? {} : { againInMs: reply.retryAfterMs }),
    };
  }

  async stop({ id }: Handle, signal: AbortSignal): Promise<Stopped> {
    if (!this.#options.cancels) return 'goes_on';
    const path = `/v1/videos/${encodeURIComponent(id)}/cancel`;
    const { status } = await askPeer(this.#options.address, { method: 'POST', path }, signal);
    // Conflict: it has ended by itself. Not found: there is nothing to stop.
    if (status === 200 || status === 409 || status === 404) return 'stopped';
    return status === 405 || status === 501 ? 'goes_on' : 'unknown';
  }

  /** From the gateway's own content route where it has one; else from the address in its answer. */
  async fetchResult({ id }: Handle, result: unknown, toFile: string, signal: AbortSignal): Promise<void> {
    const { address } = this.#options;
    const path = `/v1/videos/${encodeURIComponent(id)}/content`;
    const answer = await this.#download(address, path, toFile, signal);
    if (answer === 'file') return;
    const named = located.safeParse(result).data?.url ?? null;
    if (named === null || answer.status === 429 || answer.status >= 500) throw faultOfResult(answer);
    await this.#fetchNamed(named, toFile, signal);
  }

  /** Our credentials go along only to exactly the configured origin; any other address is a stranger's. */
  async #fetchNamed(named: string, toFile: string, signal: AbortSignal): Promise<void> {
    const { address } = this.#options;
    if (!URL.canParse(named, `${address.url}/`))
      throw new Fault('backend_failed', 'The finished video has no usable address.');
    const { origin, pathname, search, href } = new URL(named, `${address.url}/`);
    if (origin !== new URL(address.url).origin) return this.#fetchForeign(href, toFile, signal);
    const answer = await this.#download({ ...address, url: origin }, `${pathname}${search}`, toFile, signal);
    if (answer !== 'file') throw faultOfResult(answer);
  }

  /** A download from the configured origin. Where it redirects to is fetched as from a stranger, without credentials. */
  async #download(
    address: PeerAddress,
    path: string,
    toFile: string,
    signal: AbortSignal,
  ): Promise<'file' | PeerReply> {
    const answer = await downloadFrom(address, { method: 'GET', path }, toFile, signal);
    if (answer.kind === 'file') return 'file';
    const { status, location = '' } = answer;
    const target = `${address.url}${path}`;
    if (status < 300 || status > 399 || !URL.canParse(location, target)) return answer;
    await this.#fetchForeign(new URL(location, target).href, toFile, signal);
    return 'file';
  }

  #fetchForeign(url: string, toFile: string, signal: AbortSignal): Promise<void> {
    return downloadNamed(this.#options.fetcher, url, 'public', toFile, signal);
  }

  async probe(signal: AbortSignal): Promise<Probed> {
    const reply = await askPeer(this.#options.address, { method: 'GET', path: '/v1/models' }, signal);
    if (reply.status === 401 || reply.status === 403)
      return { problems: ['the credential is refused; check the variable that `credential` names'] };
    if (reply.status >= 500) return { problems: [`it answers with status ${reply.status}`] };
    // Gateways without a list of models are judged by their first video.
    const listed = z.looseObject({ data: z.array(z.looseObject({ id: z.string() })) }).safeParse(reply.json).data;
    if (listed === undefined) return { problems: [] };
    const known = new Set(listed.data.map(({ id }) => id));
    const missing = Object.values(this.#options.models).filter((name) => !known.has(name));
    return { problems: missing.map((name) => `it has no model "${name}"; see \`models\` of this backend`) };
  }

  readOperation(saved: unknown): Handle | undefined {
    return handle.safeParse(saved).data;
  }
}

function readAccepted(reply: PeerReply): Handle {
  const { status, json, text } = reply;
  if (status >= 200 && status < 300) {
    const video = readVideo(json);
    if (video?.id !== undefined) return { id: video.id, url: null };
    // The new-api family answers some errors with 200.
    const error = readError(json);
    if (error !== undefined && error.code !== '') throw faultOfWords(error, reply);
    throw new NoReply('accepted without an id', true, new Error(text));
  }
  const error = readError(json);
  throw error === undefined ? faultOfStatus(reply) : faultOfWords(error, reply);
}

const MONEY = /insufficient|quota|balance|余额不足|credit|arrear|billing|payment/i;
const CONTENT = /content|moderat|sensitive|inspection|policy|safety/i;
const CREDENTIAL = /token_invalid|invalid_api_key|invalid_token|unauthorized|invalid token/i;

/** What a gateway's own words say, where they say more than its status. PowerTokens answers a bad key with 500. */
function faultOfWords({ code, message }: NonNullable<GatewayVideo['error']>, reply: PeerReply): Fault | NoReply {
  const words = `${code} ${message}`;
  const cause = new Error(`status ${reply.status}: ${words.slice(0, 500)}`);
  const byStatus = faultOfStatus(reply);
  if (byStatus instanceof NoReply) return byStatus;
  if (CREDENTIAL.test(words) || (reply.status !== 429 && MONEY.test(words))) return refused(cause);
  if (reply.status >= 400 && reply.status < 500 && CONTENT.test(code)) return rejected(cause);
  return byStatus;
}

function failure({ error }: GatewayVideo): Fault {
  const cause = new Error(error === undefined ? 'no reason given' : `${error.code}: ${error.message}`);
  if (error !== undefined && CONTENT.test(error.code)) return rejected(cause);
  return new Fault('backend_failed', 'The service that makes the video failed to make it.', { cause });
}

function rejected(cause: unknown): Fault {
  return new Fault(
    'content_rejected',
    'The service that makes the video refused the prompt or a frame for its content.',
    {
      cause,
    },
  );
}

function isUnknownId({ status, json }: PeerReply): boolean {
  return status === 404 || status === 410 || (status === 400 && readError(json)?.code === 'task_not_exist');
}

function done(video: GatewayVideo): Polled {
  return {
    state: 'done',
    result: { url: video.url ?? null },
    ...(video.actualPrompt === undefined ? {} : { actualPrompt: video.actualPrompt }),
    ...(video.usage === undefined ? {} : { report: { usage: video.usage } }),
  };
}
