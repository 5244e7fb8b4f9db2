import { defineCommand } from 'citty';
import { openOperatorDesk, type ShownVideo, STATUS_NAMES } from '../compose/operator-desk.ts';
import { prepareFile } from '../compose/output-place.ts';
import { CommandFailure, say } from './console.ts';
import { atDeskOf, deskArgs, orFail } from './desk.ts';
import { writeWhole } from './write-whole.ts';

export const atDesk = atDeskOf(openOperatorDesk);

function readNumber(text: string | undefined, option: string, least: number, most: number): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (/^-?\d+$/.test(text) && value >= least && value <= most) return value;
  throw new CommandFailure(`${option}: "${text}" is not a whole number from ${least} to ${most}.`, 2);
}

const list = defineCommand({
  meta: { name: 'list', description: 'Lists videos, the newest first.' },
  args: {
    owner: { type: 'string', description: 'Project whose videos to list', default: 'default', valueHint: 'name' },
    status: { type: 'string', description: `Only: ${STATUS_NAMES.join(', ')}`, valueHint: 'word' },
    limit: { type: 'string', description: 'How many', default: '20', valueHint: '1..1000' },
    ...deskArgs,
  },
  run: ({ args }) =>
    atDesk(args['data-dir'], async (desk) => {
      const limit = readNumber(args.limit, '--limit', 1, 1_000) ?? 20;
      const videos = orFail(await desk.list({ owner: args.owner, status: args.status, limit }), 2);
      if (args.json) return say.json(videos);
      if (videos.length === 0) return say.note('No videos.');
      for (const video of videos) say.out(lineOf(video));
    }),
});

const show = defineCommand({
  meta: { name: 'show', description: 'Shows how a video stands: attempts, deadlines, who holds it.' },
  args: { id: { type: 'positional', description: "The video's id (video_…)", required: true }, ...deskArgs },
  run: ({ args }) =>
    atDesk(args['data-dir'], async (desk) => {
      const video = orFail(await desk.show(args.id));
      if (args.json) return say.json(video);
      for (const [name, value] of Object.entries(video))
        say.out(
          `${name.padEnd(13)} ${typeof value === 'object' && value !== null ? JSON.stringify(value) : (value ?? '-')}`,
        );
    }),
});

const save = defineCommand({
  meta: {
    name: 'save',
    description: 'Writes the file of a video: its result, or what was paid for and came after its deadline.',
  },
  args: {
    id: { type: 'positional', description: "The video's id (video_…)", required: true },
    output: { type: 'string', alias: 'o', description: 'File to write', default: 'out.mp4', valueHint: 'file' },
    ...deskArgs,
  },
  run: ({ args }) =>
    atDesk(args['data-dir'], async (desk) => {
      const place = await prepareFile(args.output);
      try {
        const { late, stream } = orFail(await desk.file(args.id));
        await writeWhole(args.output, stream);
        if (args.json) return say.json({ file: args.output, late });
        say.note(`${args.output}: ${late ? 'came too late; the video stays failed' : 'the result'}`);
      } catch (error) {
        await place.leave();
        throw error;
      }
    }),
});

const requeue = defineCommand({
  meta: {
    name: 'requeue',
    description:
      'Gives a video back that is not finished, so that another worker goes on with it; asks again, as a new video, for one that has failed or was cancelled.',
  },
  args: {
    id: { type: 'positional', description: "The video's id (video_…)", required: true },
    owner: { type: 'string', description: 'Only when it belongs to this project', valueHint: 'name' },
    priority: { type: 'string', description: 'Higher goes first in the queue (usual: 0)', valueHint: 'number' },
    ...deskArgs,
  },
  run: ({ args }) =>
    atDesk(args['data-dir'], async (desk) => {
      const priority = readNumber(args.priority, '--priority', -1_000, 1_000);
      const { how, video } = orFail(await desk.requeue(args.id, { owner: args.owner, priority }));
      if (args.json) return say.json({ how, video });
      if (how === 'given_back') return say.note(`Gave ${video.id} back; a worker goes on with it within seconds.`);
      say.note(`${args.id} has ended and stays as it is. Asked again, as:`);
      say.out(video.id);
    }),
});

function lineOf(video: ShownVideo): string {
  const end = video.error === null ? '' : `  ${video.error.code}`;
  const goesOn = video.attempt?.drain == null ? '' : `  (goes on at ${video.backend})`;
  const progress = video.status === 'running' ? ` ${video.progress} %` : '';
  return `${video.id}  ${video.created_at}  ${video.status}${progress}${end}  ${video.model}  ${video.backend}${goesOn}`;
}

/** `inbetween videos`: for operators; what callers can do is in the API. */
export const videosCommand = defineCommand({
  meta: { name: 'videos', description: 'Lists, shows, saves and requeues videos of any project.' },
  subCommands: { list, show, save, requeue },
});
