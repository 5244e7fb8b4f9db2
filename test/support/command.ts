import { readFile } from 'node:fs/promises';
import { expect } from 'vitest';
import { MODEL } from './api.ts';
import { dataUrl, paint } from './paintings.ts';
import {
  type Finished,
  leftoversIn,
  makeScratch,
  type Scratch,
  type ServerProcess,
  type StartWish,
  startServer,
} from './server-process.ts';
import { until } from './until.ts';

/** A running server, and beside it what people give the command. */
export interface CommandStage {
  readonly scratch: Scratch;
  readonly server: ServerProcess;
  /** The path of a picture, with a space in it. */
  readonly picture: string;
  /** The same picture as a data URL. */
  readonly url: string;
  /** One picture twice is made in a second: here it matters that there is a video, not what it shows. */
  readonly still: { readonly model: string; readonly images: readonly string[]; readonly size: string };
  /** The server ends in order, and nothing is left of it. */
  close(): Promise<void>;
}

export async function openCommandStage(wish: StartWish = {}): Promise<CommandStage> {
  const scratch = makeScratch();
  const picture = scratch.file('a picture.png');
  await paint(640, 360).png().toFile(picture);
  const url = dataUrl(await readFile(picture));
  const server = await startServer(scratch, wish);
  return {
    scratch,
    server,
    picture,
    url,
    still: { model: MODEL, images: [url, url], size: '480P' },
    async close() {
      expect(await server.stop()).toEqual({ code: 0, signal: null });
      await until('no process left', () => leftoversIn(scratch).length === 0);
      await scratch[Symbol.asyncDispose]();
    },
  };
}

/** A failure that a person can do something about: a sentence, never a stack. */
export function expectSentence(
  { code, out, err }: Finished,
  exitCode: number,
  ...words: readonly (string | RegExp)[]
): void {
  expect([code, out], err).toEqual([exitCode, expect.any(String)]);
  for (const word of words) expect(err).toMatch(word);
  expect(err).not.toMatch(/^\s+at |node:internal|Error:/m);
}
