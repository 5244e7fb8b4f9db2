import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'vitest';
import { type Answer, type Api, isFinal, MODEL, type ShownVideo } from './api.ts';
import { expectForward } from './kill-loop.ts';

/** The model that a billed peer makes; the other one is rendered here. */
export const BILLED_MODEL = 'wan2.1-kf2v-plus';
/** Videos of either model that are not finished, at most: the client makes no queue that nobody gets through. */
const OPEN_LIMIT = 6;
/** One in so many is cancelled right after its create was answered. */
const CANCELLED = 6;
/** A request to a process that has just died, or stands in a queue behind a dead database. */
const ANSWER_MS = 20_000;

/** A create that was answered. */
export interface Asked {
  readonly id: string;
  readonly billed: boolean;
  /** Its cancel was answered, and not by "it has finished". */
  cancelled: boolean;
}

/** What the client was told, in the order in which it was told. */
export interface ClientLog {
  /** By idempotency key; a billed video's prompt is its key. */
  readonly asked: ReadonlyMap<string, Asked>;
  readonly seen: ReadonlyMap<string, ShownVideo>;
  /** Creates and cancels that were not answered, or not by what they ask for, and were repeated. */
  repeated(): number;
  allFinal(): boolean;
  told(): string;
}

/** A client that creates videos under idempotency keys, cancels some, and asks how they are doing. */
export interface FleetClient {
  readonly log: ClientLog;
  /** Creates no more. Resolves when the last create was answered. */
  stop(): Promise<void>;
  /** After `stop`: when all videos were seen at their end. */
  readonly sawAll: Promise<void>;
  /** Breaks off. */
  end(): void;
}

/**
 * Starts creating and looking.
 *
 * @param anyApi whom to ask next; undefined: nobody is there
 */
export function startClient(anyApi: () => Api | undefined, image: string, random: () => number): FleetClient {
  const asked = new Map<string, Asked>();
  const seen = new Map<string, ShownVideo>();
  const state = { stopped: false, ended: false, repeated: 0, refusal: 'none' };
  const isOver = (id: string) => isFinal(seen.get(id)?.status ?? 'pending');
  const open = (billed: boolean) =>
    [...asked.values()].filter((one) => one.billed === billed && !isOver(one.id)).length;
  const finals = () => [...asked.values()].filter(({ id }) => isOver(id)).length;
  const log: ClientLog = {
    asked,
    seen,
    repeated: () => state.repeated,
    allFinal: () => asked.size > 0 && finals() === asked.size,
    told: () =>
      `${finals()} of ${asked.size} videos finished, ${state.repeated} requests repeated; the last one for: ${state.refusal}`,
  };

  /** Asks again and again until there is an answer that may be; what is not one must be a refusal for now. */
  async function insist(allowed: readonly number[], send: (api: Api) => Promise<Answer>): Promise<Answer | undefined> {
    while (!state.ended) {
      const api = anyApi();
      const answer = api && (await within(ANSWER_MS, send(api)));
      if (answer !== undefined && allowed.includes(answer.status)) return answer;
      if (answer !== undefined) expect([500, 503], answer.text()).toContain(answer.status);
      state.repeated += 1;
      state.refusal = api === undefined ? 'nobody there' : (answer?.text() ?? 'no answer');
      await pause(200);
    }
    return undefined;
  }

  /** Each create is repeated until it is answered, and then once more: it must be the same video. */
  async function create(n: number, billed: boolean): Promise<void> {
    const key = `ask ${n}`;
    const ask = billed ? { model: BILLED_MODEL, size: '720P', prompt: key } : { model: MODEL, size: '480P' };
    for (let answers = 0; answers < 2; answers += 1) {
      const answer = await insist([200], (api) =>
        api.post({ ...ask, images: [image, image] }, { 'idempotency-key': key }),
      );
      if (answer === undefined) return;
      const { id } = answer.json<ShownVideo>();
      const before = asked.get(key);
      if (before !== undefined) expect(id, key).toBe(before.id);
      else asked.set(key, { id, billed, cancelled: false });
    }
    const one = asked.get(key);
    if (one === undefined || n % CANCELLED !== CANCELLED - 1) return;
    await pause(random() * 2_000);
    const answer = await insist([200, 409], (api) => api.cancel(one.id));
    one.cancelled = answer?.status === 200;
  }

  async function createVideos(): Promise<void> {
    for (let n = 0; !state.stopped; n += 1) {
      const full = [false, true].filter((billed) => open(billed) >= OPEN_LIMIT);
      if (full.length < 2) await create(n, full.length === 0 ? n % 2 === 1 : full[0] === false);
      await pause(500 + random() * 1_000);
    }
  }

  /** Looks at each video that is not finished, one after the other, so that each look is later than the one before. */
  async function watchVideos(): Promise<void> {
    while (!state.ended && !(state.stopped && log.allFinal())) {
      for (const { id } of asked.values()) {
        if (isOver(id)) continue;
        const answer = await within(ANSWER_MS, anyApi()?.call(`/v1/videos/${id}`));
        if (answer === undefined) continue;
        expect([200, 500, 503], `${id}: ${answer.text()}`).toContain(answer.status);
        if (answer.status !== 200) continue;
        const video = answer.json<ShownVideo>();
        const before = seen.get(id);
        if (before !== undefined) expectForward(before, video);
        seen.set(id, video);
      }
      await pause(250);
    }
  }

  const creating = createVideos();
  const sawAll = watchVideos();
  // Whoever waits for them hears of it; until then it is no unhandled failure.
  for (const each of [creating, sawAll]) each.catch(() => undefined);
  return {
    log,
    sawAll,
    stop() {
      state.stopped = true;
      return creating;
    },
    end() {
      state.stopped = true;
      state.ended = true;
    },
  };
}

/** Undefined when there was no answer, or nobody to ask. */
async function within<T>(ms: number, answer: Promise<T> | undefined): Promise<T | undefined> {
  if (answer === undefined) return undefined;
  const late = new AbortController();
  const none = answer.catch(() => undefined);
  const first = await Promise.race([none, pause(ms, undefined, { signal: late.signal }).catch(() => undefined)]);
  late.abort();
  return first;
}
