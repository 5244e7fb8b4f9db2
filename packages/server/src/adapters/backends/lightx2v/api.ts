import { z } from 'zod';
import type { Json } from '../../../domain/attempt.ts';
import { Fault } from '../../../domain/fault.ts';
import type { SizeTier } from '../../../domain/model.ts';
import { askPeer, downloadFrom, type PeerAddress, type PeerReply, type PeerRequest } from '../remote/peer-http.ts';
import type { AttemptName, Polled, Probed, RemoteApi, RemoteAsk, RemoteTraits, Stopped } from '../remote/remote-api.ts';
import { faultOfResult, faultOfStatus, stoppedThere } from '../remote/reply-fault.ts';
import { checkLeftFile, engineFailed, framesFor, isThere, readAs, unreachable, WAN_FPS } from '../self-hosted.ts';
import { fileRequest, formRequest } from './request.ts';
import { type SharedFolder, takeBack, tendFolder } from './shared-folder.ts';

export interface Lightx2vOptions {
  readonly address: PeerAddress;
  /** What the server's own configuration makes: `480P` unless it says `"resolution": "720p"`. */
  readonly sizes?: readonly SizeTier[];
  /**
   * A folder that both machines see, under each one's own path. With it frames are handed over as files and the task gets
   * an id of ours, so that an answer that got lost can be looked up.
   */
  readonly shared?: SharedFolder;
  /** Absent: 4 for a distilled model, else 40. The form's own default would be 5 for any model. */
  readonly steps?: number;
}

/** An accepted task. */
interface Operation extends Record<string, Json> {
  readonly task: string;
  /** Names its file on the server's disk, which outlives the server's memory. */
  readonly file: string;
}

const operation = z.object({ task: z.string(), file: z.string() });
const accepted = z.looseObject({ task_id: z.string() });
const status = z.looseObject({
  status: z.string(),
  error: z.string().nullable().catch(null),
  error_type: z.string().nullable().catch(null),
});
const queue = z.looseObject({ current_task: z.string().nullable().catch(null) });
const metadata = z.looseObject({ model_cls: z.string() });
const result = z.object({ recovered: z.boolean() });

const ENGINE = 'LightX2V';
const DISTILLED_STEPS = 4;
const USUAL_STEPS = 40;

/**
 * LightX2V's server. Both frames go through its form, because its JSON request opens the last frame as a file of its own
 * disk; only with a shared folder that is what is wanted. The form names no task, so an answer that got lost cannot be
 * looked up; the file's name is ours, and found again after a restart. It cannot stop what it has begun, and forgets that
 * it was asked to when it ends.
 */
export function createLightx2vApi(options: Lightx2vOptions): RemoteApi<Operation> {
  return new Lightx2vApi(options);
}

class Lightx2vApi implements RemoteApi<Operation> {
  readonly traits: RemoteTraits;
  readonly lookup?: NonNullable<RemoteApi<Operation>['lookup']>;
  readonly #options: Lightx2vOptions;
  #modelClass: string | undefined;

  constructor(options: Lightx2vOptions) {
    this.#options = options;
    this.traits = {
      // A server makes the one tier of its own configuration.
      sizes: options.sizes ?? ['480P'],
      billed: false,
      cancel: 'queued',
      honoursSeed: true,
      negativePrompt: 'default',
      watermarks: false,
      extendsPrompt: false,
      tellsProgress: false,
    };
    if (options.shared !== undefined) this.lookup = (attempt, signal) => this.#lookUp(attempt, signal);
  }

  async start(ask: RemoteAsk, signal: AbortSignal): Promise<Operation> {
    const modelClass = this.#modelClass ?? (await this.#readModelClass(signal));
    const usual = modelClass.includes('distill') ? DISTILLED_STEPS : USUAL_STEPS;
    const { uuid } = ask.attempt;
    const fields = {
      prompt: ask.prompt,
      // The form overrides the server's configuration with these two even when they are left out, so both are always said.
      negative_prompt: ask.negativePrompt,
      infer_steps: this.#options.steps ?? usual,
      seed: ask.seed,
      target_video_length: framesFor(ask.seconds, WAN_FPS),
      save_result_path: uuid,
    };
    const { shared } = this.#options;
    const request =
      shared === undefined ? formRequest(fields, ask.frames) : await fileRequest(fields, ask.frames, uuid, shared);
    try {
      return { task: readTask(await this.#ask(request, signal), uuid), file: uuid };
    } catch (error) {
      // Refused: nobody will open them.
      if (error instanceof Fault) await this.cleanUp({ file: uuid });
      throw error;
    }
  }

  async poll({ task, file }: Operation, signal: AbortSignal): Promise<Polled> {
    const reply = await this.#ask({ method: 'GET', path: `${taskPath(task)}/status` }, signal);
    if (reply.status === 404) {
      // It was restarted. What it had finished before lies on its disk under our name.
      if (await this.#hasFile(file, signal)) return { state: 'done', result: { recovered: true } };
      return { state: 'lost', why: 'LightX2V does not know the task, and there is no file of it' };
    }
    const { status: word, error, error_type: type } = readAs(ENGINE, reply, status);
    switch (word) {
      case 'pending':
        return { state: 'working', phase: 'upstream_queued' };
      case 'processing':
        return { state: 'working', phase: 'generating' };
      case 'completed':
        return { state: 'done', result: { recovered: false } };
      case 'failed':
        return { state: 'failed', fault: engineFailed(`${type}: ${error}`) };
      case 'cancelled':
        // The GPU may go on with it and call it completed in the end; whoever stopped it did not want that.
        return { state: 'failed', fault: stoppedThere(ENGINE) };
      default:
        return { state: 'working', phase: 'generating', unknownWord: word };
    }
  }

  async #lookUp({ uuid }: AttemptName, signal: AbortSignal): Promise<Operation | undefined> {
    const reply = await this.#ask({ method: 'GET', path: `${taskPath(uuid)}/status` }, signal);
    if (reply.status === 404 && !(await this.#hasFile(uuid, signal))) {
      await this.cleanUp({ file: uuid });
      return undefined;
    }
    if (reply.status !== 404) readAs(ENGINE, reply, status);
    return { task: uuid, file: uuid };
  }

  /**
   * Only a waiting task can be stopped. A running one is left alone: asking would only hide when its GPU is free again,
   * which is what the answer `goes_on` is about.
   */
  async stop({ task }: Operation, signal: AbortSignal): Promise<Stopped> {
    const reply = await this.#ask({ method: 'GET', path: `${taskPath(task)}/status` }, signal);
    if (reply.status === 404) return 'stopped';
    const { status: word } = readAs(ENGINE, reply, status);
    if (word === 'completed' || word === 'failed') return 'stopped';
    if (word === 'pending') {
      const asked = await this.#ask({ method: 'DELETE', path: taskPath(task) }, signal);
      if (asked.status < 200 || (asked.status > 299 && asked.status !== 404)) throw faultOfStatus(asked);
    } else if (word !== 'cancelled') return 'goes_on';
    // It may have begun before the request came; then it is called cancelled and runs.
    const { current_task: current } = readAs(
      ENGINE,
      await this.#ask({ method: 'GET', path: '/v1/tasks/queue/status' }, signal),
      queue,
    );
    return current === task ? 'goes_on' : 'stopped';
  }

  async fetchResult({ task, file }: Operation, found: Json, toFile: string, signal: AbortSignal): Promise<void> {
    const { recovered } = result.parse(found);
    const path = recovered ? filePath(file) : `${taskPath(task)}/result`;
    const answer = await downloadFrom(this.#options.address, { method: 'GET', path }, toFile, signal);
    if (answer.kind === 'reply') throw faultOfResult(answer);
    if (recovered) await checkLeftFile(toFile);
  }

  /** The frames that were handed over in the shared folder. */
  async cleanUp({ file }: Pick<Operation, 'file'>): Promise<void> {
    const { shared } = this.#options;
    if (shared !== undefined) await takeBack(shared, file);
  }

  async probe(signal: AbortSignal): Promise<Probed> {
    try {
      const modelClass = await this.#readModelClass(signal);
      const { shared } = this.#options;
      const folder = shared === undefined ? undefined : await tendFolder(shared);
      // Which task it was started for is not told; another one than flf2v fails its first video.
      const model = modelClass.startsWith('wan') ? undefined : `LightX2V serves ${modelClass}, which is no Wan model`;
      const problems = [model, folder].filter((problem) => problem !== undefined);
      return { problems, version: `LightX2V, ${modelClass}` };
    } catch (error) {
      return unreachable(ENGINE, this.#options.address, error, signal);
    }
  }

  readOperation(saved: Json): Operation | undefined {
    return operation.safeParse(saved).data;
  }

  async #readModelClass(signal: AbortSignal): Promise<string> {
    const reply = await this.#ask({ method: 'GET', path: '/v1/service/metadata' }, signal);
    this.#modelClass = readAs(ENGINE, reply, metadata).model_cls;
    return this.#modelClass;
  }

  async #hasFile(file: string, signal: AbortSignal): Promise<boolean> {
    const headers = { range: 'bytes=0-0' };
    return isThere(await this.#ask({ method: 'GET', path: filePath(file), headers }, signal));
  }

  #ask(request: PeerRequest, signal: AbortSignal): Promise<PeerReply> {
    return askPeer(this.#options.address, request, signal);
  }
}

/** The id of the accepted task. @param uuid our own, where it was sent along */
function readTask(reply: PeerReply, uuid: string): string {
  // It was accepted before, and the answer got lost.
  if (reply.status === 503 && reply.text.includes(`${uuid} already exists`)) return uuid;
  if (reply.status === 503 && /queue is full/.test(reply.text)) {
    throw new Fault('rate_limited', 'The service that makes the video has too much to do.', {
      cause: new Error(reply.text),
    });
  }
  return readAs(ENGINE, reply, accepted).task_id;
}

const taskPath = (task: string) => `/v1/tasks/${encodeURIComponent(task)}`;
const filePath = (file: string) => `/v1/files/download/${encodeURIComponent(file)}.mp4`;
