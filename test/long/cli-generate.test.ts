import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ShownVideo, wholeFile } from '../support/api.ts';
import { type CommandStage, expectSentence, openCommandStage } from '../support/command.ts';
import { decode, judgeContainer, judgeWithFfmpeg } from '../support/mp4-judge.ts';
import { paint } from '../support/paintings.ts';
import { BIN, cleanEnvironment, KEY, leftoversIn, runInbetween } from '../support/server-process.ts';
import { until } from '../support/until.ts';

/** `inbetween generate`, by itself and by a server: what it makes, what it prints and how it ends. */

/** Whom files of the server name: as JSON and UTF-8 must bear it. */
const LABEL = { producer: '画间 "A"', propagator: 'Example Ltd \\ 001191610133596325171T12566' };

let stage: CommandStage;
beforeAll(async () => {
  const env = { INBETWEEN_LABEL_PRODUCER: LABEL.producer, INBETWEEN_LABEL_PROPAGATOR: LABEL.propagator };
  stage = await openCommandStage({ env });
});
afterAll(() => stage?.close());

describe('generate', () => {
  it('makes a file of two files, by itself', async () => {
    const out = stage.scratch.file('out.mp4');
    const args = ['generate', stage.picture, stage.picture, '-o', out, '--size', '480P', '--seed', '7', '--json'];
    const before = await readdir(stage.scratch.path);
    // What would cost money or reach another server is not even looked at.
    const env = { INBETWEEN_API_KEY: KEY, INBETWEEN_DATA_DIR: '/nowhere', PORT: '1', TMPDIR: stage.scratch.path };
    const { code, out: printed, err } = await runInbetween(args, { cwd: stage.scratch.cwd, env });
    expect([code, err], err).toEqual([0, expect.not.stringContaining('Error')]);
    const video = JSON.parse(printed) as ShownVideo;
    expect(video).toMatchObject({ object: 'video', status: 'succeeded', seed: 7, width: 832, height: 464 });
    const file = await readFile(out);
    judgeContainer(file, { width: 832, height: 464, id: video.id });
    expect((await decode(file)).frames).toHaveLength(150);
    // Compiled code is the one thing that stays in the folder for temporary files.
    const left = (await readdir(stage.scratch.path)).filter(
      (name) => !before.includes(name) && !name.startsWith('inbetween-compiled-'),
    );
    expect(left).toEqual(['out.mp4']);
    expect(leftoversIn(stage.scratch).filter((line) => !line.includes('media') && !line.includes('serve'))).toEqual([]);
  });

  it('makes a file by a server, which names whom it was told to name', async () => {
    const out = stage.scratch.file('by-stage.server.mp4');
    const args = [
      'generate',
      stage.picture,
      stage.picture,
      '-o',
      out,
      '--size',
      '480p',
      '--prompt',
      '猫',
      '--url',
      stage.server.url,
    ];
    const { code, out: printed, err } = await runInbetween(args, { env: { INBETWEEN_API_KEY: KEY } });
    expect([code, printed, err]).toEqual([0, '', expect.stringContaining('832×464')]);
    const [video] = await stage.server.api.list();
    expect(video).toMatchObject({ status: 'succeeded', prompt: '猫', size: '480P' });
    const file = await readFile(out);
    expect(wholeFile(await stage.server.api.content(video?.id ?? '')).equals(file)).toBe(true);
    // By a reader that nobody here wrote.
    await judgeWithFfmpeg(file, { width: 832, height: 464 }, LABEL);
  });

  it('ends with 1 when the video fails, and writes nothing', async () => {
    const half = stage.scratch.file('half.png');
    const whole = await paint(800, 600).png().toBuffer();
    await writeFile(half, whole.subarray(0, whole.length / 2));
    const out = stage.scratch.file('never.mp4');
    const args = ['generate', stage.picture, half, '-o', out, '--url', stage.server.url, '--key', KEY];
    expectSentence(await runInbetween(args), 1, 'invalid_image', 'images[1]');
    expect(existsSync(out)).toBe(false);
    const refused = await runInbetween([
      'generate',
      stage.picture,
      stage.scratch.file('text.txt'),
      '--url',
      stage.server.url,
      '--key',
      KEY,
    ]);
    expectSentence(refused, 2, 'text.txt');
    const wrongKey = await runInbetween([
      'generate',
      stage.picture,
      stage.picture,
      '--url',
      stage.server.url,
      '--key',
      'wrong-key-of-length',
    ]);
    expectSentence(wrongKey, 1, /key/i);
    const nobody = await runInbetween([
      'generate',
      stage.picture,
      stage.picture,
      '--url',
      'http://127.0.0.1:1',
      '--key',
      KEY,
    ]);
    expectSentence(nobody, 1, /127\.0\.0\.1:1|reach|connect/i);
  });

  it('cancels its video when it is interrupted', async () => {
    const args = [
      'generate',
      stage.picture,
      stage.scratch.file('other.png'),
      '--url',
      stage.server.url,
      '--key',
      KEY,
      '-o',
      stage.scratch.file('x.mp4'),
    ];
    await paint(640, 360, { pan: 0.1 }).png().toFile(stage.scratch.file('other.png'));
    const child = spawn(process.execPath, [BIN, ...args], {
      env: cleanEnvironment(),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const ended = endOf(child);
    const id = await until(
      'a running video',
      async () => (await stage.server.api.list()).find(({ status }) => status === 'running')?.id,
    );
    child.kill('SIGINT');
    expect(await ended).toBe(130);
    expect((await stage.server.api.find(id)).status).toBe('cancelled');
    expect(existsSync(stage.scratch.file('x.mp4'))).toBe(false);
  });
});

function endOf(child: ChildProcess): Promise<number | null> {
  return new Promise((done) => {
    child.once('close', done);
  });
}
