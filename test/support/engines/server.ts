import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspectMp4 } from '@inbetween/renderer';
import { expect, type TestContext } from 'vitest';
import { type Api, MODEL, type ShownVideo, wholeFile } from '../api.ts';
import { decode } from '../mp4-judge.ts';
import { dataUrl, paint, pixelsOf } from '../paintings.ts';
import { makeScratch, startServer } from '../server-process.ts';

/** The whole server in front of a fake engine. */

/** What a test opened, to be closed in reverse. */
export type Opened = (() => Promise<unknown>)[];

/** What this test opens is closed when it has ended. */
export function closedBy(onTestFinished: TestContext['onTestFinished']): Opened {
  const open: Opened = [];
  onTestFinished(async () => {
    for (const close of open.splice(0).toReversed()) await close();
  }, 60_000);
  return open;
}

/** Starts a server with this configuration file; empty: none. */
export async function serve(open: Opened, file: string, env: Readonly<Record<string, string>> = {}): Promise<Api> {
  const scratch = makeScratch();
  open.push(async () => scratch[Symbol.asyncDispose]());
  if (file !== '') await writeFile(join(scratch.cwd, 'inbetween.yaml'), file);
  const server = await startServer(scratch, { env });
  open.push(() => server.stop());
  return server.api;
}

/** A backend of this kind for one model, quick enough for a test. */
export const configured = (kind: string, url: string, more = '') =>
  `backends:\n  engine:\n    kind: ${kind}\n    url: ${url}\n    pollEvery: 200ms\n${more}models:\n  ${MODEL}: [engine]\n`;

/** Two scenes that nobody takes for one another. */
async function pictures(): Promise<readonly [string, string]> {
  const [first, last] = [paint(832, 464), paint(832, 464, { pan: 0.3, zoom: 1.8 })];
  return [dataUrl(await first.png().toBuffer()), dataUrl(await last.png().toBuffer())];
}

/** A valid ask. */
export const engineAsk = async (more = {}) => ({
  model: MODEL,
  prompt: 'a slow walk',
  size: '480P',
  images: await pictures(),
  ...more,
});

/** The file is ours, and its ends are the two frames. */
export async function judgeEngineVideo(api: Api, video: ShownVideo, frames = 81): Promise<void> {
  const file = wholeFile(await api.content(video.id));
  const facts = inspectMp4(file);
  expect(facts).toMatchObject({ frames, fps: 16, faststart: true, codec: expect.stringMatching(/^avc1/) });
  expect([facts.width, facts.height]).toEqual([video.width, video.height]);
  expect(Object.keys(facts.tags)).toEqual(['AIGC']);
  expect(facts.tags['AIGC']).toContain(video.id);
  expect(file.includes('a slow walk')).toBe(false);
  const decoded = await decode(file);
  const nearness = async (frame: Uint8Array, variant: string) => {
    const { width, height, data } = await pixelsOf(wholeFile(await api.content(video.id, variant)));
    // The middle of both, so that an engine's other sides do not count.
    let sum = 0;
    for (let step = 0; step < 400; step += 1) {
      const [x, y] = [0.3 + 0.4 * ((step % 20) / 20), 0.3 + 0.4 * (Math.floor(step / 20) / 20)];
      const at = Math.floor(y * height) * width + Math.floor(x * width);
      const [r = 0, g = 0, b = 0] = data.subarray(at * 3, at * 3 + 3);
      const luma = 16 + (0.2126 * r + 0.7152 * g + 0.0722 * b) * (219 / 255);
      sum += Math.abs((frame[Math.floor(y * facts.height) * facts.width + Math.floor(x * facts.width)] ?? 0) - luma);
    }
    return sum / 400;
  };
  expect(await nearness(decoded.first, 'first_frame')).toBeLessThan(8);
  expect(await nearness(decoded.last, 'last_frame')).toBeLessThan(8);
  expect(await nearness(decoded.last, 'first_frame')).toBeGreaterThan(12);
}
