import { defineCommand } from 'citty';
import type { ShownBackend } from '../compose/operator-desk.ts';
import { say } from './console.ts';
import { atDesk, deskArgs, orFail } from './videos.ts';

const list = defineCommand({
  meta: { name: 'list', description: 'Lists the backends that processes have said to have.' },
  args: deskArgs,
  run: ({ args }) =>
    atDesk(args['data-dir'], async (desk) => {
      const backends = await desk.backends();
      if (args.json) return say.json(backends);
      if (backends.length === 0) return say.note('No server has run here yet.');
      for (const backend of backends) say.out(lineOf(backend));
    }),
});

/** One command per state; a running server acts on it within seconds. */
const setting = (name: string, state: 'open' | 'paused' | 'draining', description: string) =>
  defineCommand({
    meta: { name, description },
    args: {
      name: { type: 'positional', description: 'The backend, from "backends list"', required: true },
      ...deskArgs,
    },
    run: ({ args }) =>
      atDesk(args['data-dir'], async (desk) => {
        const backend = orFail(await desk.setBackend(args.name, state));
        if (args.json) say.json(backend);
        else say.note(`${backend.name} is ${backend.state}; running servers act on it within seconds.`);
      }),
  });

function lineOf({ name, state, changed_at, seen_at }: ShownBackend): string {
  return `${name}  ${state}  since ${changed_at}  last seen ${seen_at ?? 'never'}`;
}

/** `inbetween backends`: what an operator says of those who make the pixels. */
export const backendsCommand = defineCommand({
  meta: { name: 'backends', description: 'Lists, pauses, drains and resumes backends.' },
  subCommands: {
    list,
    pause: setting('pause', 'paused', 'Begins nothing new on a backend: what runs goes on, what is asked for waits.'),
    drain: setting('drain', 'draining', 'Accepts nothing new for a backend: what was accepted is still made.'),
    resume: setting('resume', 'open', 'Lets a backend work as usual again.'),
  },
});
