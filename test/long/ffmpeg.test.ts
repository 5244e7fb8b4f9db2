import { expect, it } from 'vitest';
import { MODEL, wholeFile } from '../support/api.ts';
import { judgeContainer, judgeWithFfmpeg } from '../support/mp4-judge.ts';
import { makeScratch, runProgram, startServer } from '../support/server-process.ts';

it("encodes with the user's own ffmpeg when told to, and only then", async () => {
  const { code, out } = await runProgram('/bin/sh', ['-c', 'command -v ffmpeg']);
  // In CI a missing judge is an error; elsewhere this encoder simply is not there to be tested.
  if (code !== 0 && process.env['CI'] === 'true') throw new Error('CI needs ffmpeg (Debian package ffmpeg)');
  if (code !== 0) return;
  await using scratch = makeScratch();
  const env = { INBETWEEN_ENCODER: 'ffmpeg', FFMPEG_PATH: out.trim() };
  await using server = await startServer(scratch, { env });
  const { id } = await server.api.create({ model: MODEL, images: ['sample_first', 'sample_last'], size: '480P' });
  const done = await server.api.succeeded(id, 120_000);
  expect(String(done.metadata['encoder'])).toMatch(/264/);
  const file = wholeFile(await server.api.content(id));
  const size = { width: done.width ?? 0, height: done.height ?? 0 };
  judgeContainer(file, { ...size, id });
  await judgeWithFfmpeg(file, size);
});
