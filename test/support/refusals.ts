import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'vitest';
import { type Answer, type Api, type CallWish, MODEL, type ShownVideo } from './api.ts';
import { leftoversIn, makeScratch, type Scratch, startServer } from './server-process.ts';
import { until } from './until.ts';

export const SAMPLES = ['sample_first', 'sample_last'];
/** A good ask, to be spoiled. */
export const ASK = { model: MODEL, images: SAMPLES, size: '480P' };

/** A running server that is to refuse. */
export interface RefusalStage {
  readonly scratch: Scratch;
  readonly api: Api;
  /** A picture at a server that accepts connections and never answers: whoever waits for it stays `pending`. */
  readonly muteUrl: string;
  readonly pending: ShownVideo;
  /** Deletes a video. */
  forget(id: string): Promise<void>;
  /** The server ends in order, has logged nothing, and nothing is left of it. */
  close(): Promise<void>;
}

export async function openRefusalStage(): Promise<RefusalStage> {
  const scratch = makeScratch();
  const mute = createServer(() => undefined);
  await new Promise<void>((done) => {
    mute.listen(0, '127.0.0.1', done);
  });
  const { port } = mute.address() as AddressInfo;
  const muteUrl = `http://127.0.0.1:${port}/slow.png`;
  const server = await startServer(scratch, { env: { INBETWEEN_FETCH_ALLOW: `127.0.0.1:${port}` } });
  const { api } = server;
  return {
    scratch,
    api,
    muteUrl,
    pending: await api.create({ ...ASK, images: [muteUrl, 'sample_last'] }),
    async forget(id) {
      const answer = await api.call(`/v1/videos/${id}`, { method: 'DELETE' });
      expect(answer.json()).toEqual({ id, object: 'video.deleted', deleted: true });
    },
    async close() {
      mute.closeAllConnections();
      mute.close();
      expect(await server.stop()).toEqual({ code: 0, signal: null });
      // Nobody's mistake is worth a line in our log, let alone a stack.
      expect(server.err().replace(/^SIGTERM: .*\n/m, '')).toBe('');
      await until('no process left', () => leftoversIn(scratch).length === 0);
      await scratch[Symbol.asyncDispose]();
    },
  };
}

/** The ids of all videos of these owners. */
export async function idsOf(...apis: readonly Api[]): Promise<readonly string[]> {
  const lists = await Promise.all(apis.map((api) => api.list()));
  return lists.flatMap((list) => list.map(({ id }) => id)).toSorted();
}

/** One answer in the one envelope, which names no path, no key and no stack. */
export function expectRefusal(answer: Answer, status: number, code: string, param: string | null): void {
  expect([answer.status, answer.text()], answer.text()).toEqual([status, expect.any(String)]);
  expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
  expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  const body = answer.json<{ error: { message: string } }>();
  expect(body).toEqual({
    error: {
      message: expect.stringMatching(/\S{3}.*[.…]$/s),
      type: expect.stringMatching(/^[a-z_]+_error$/),
      param,
      code,
    },
  });
  expect(body.error.message.length).toBeLessThan(500);
  expect(body.error.message).not.toMatch(/node_modules|\.ts:|\/tmp\/|acceptance-key| {4}at /);
}

/** What is refused, and how. */
export type Row = readonly [what: string, status: number, code: string, param: string | null];
export const invalid = (what: string, param: string | null, code = 'invalid_request'): Row => [what, 400, code, param];
export const json = { 'content-type': 'application/json' };

export const post = (
  body: string | Uint8Array<ArrayBuffer> | FormData,
  headers: Record<string, string> = json,
): CallWish => ({
  method: 'POST',
  headers,
  body,
});
