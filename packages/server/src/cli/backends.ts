import { defineCommand } from 'citty';
import { type CheckedInstance, checkBackends } from '../compose/backend-check.ts';
import type { ShownBackend } from '../compose/operator-desk.ts';
import { CommandFailure, say } from './console.ts';
import { deskArgs, orFail } from './desk.ts';
import { settle } from './settings.ts';
import { atDesk } from './videos.ts';

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

const check = defineCommand({
  meta: {
    name: 'check',
    description: 'Asks every configured backend whether it can make videos. Costs nothing and changes nothing.',
  },
  args: {
    config: { type: 'string', description: 'Configuration file (INBETWEEN_CONFIG)', valueHint: 'file' },
    json: { type: 'boolean', description: 'Print JSON' },
  },
  async run({ args }) {
    const config = await settle({ config: args.config });
    const rows = await checkBackends(config);
    if (args.json) say.json(rows);
    else if (rows.length === 0) say.out('No backend is configured: every model is made by the built-in renderer.');
    else say.out(tableOf(rows));
    if (rows.some(({ state }) => state === 'not ready')) throw new CommandFailure('');
  },
});

const HEAD = ['backend', 'kind', 'instance', 'state', 'billed', 'sizes', 'version', 'makes'];

function tableOf(rows: readonly CheckedInstance[]): string {
  const cells = rows.map((row) => [
    row.backend,
    row.kind,
    row.instance,
    row.state,
    row.billed ? 'yes' : 'no',
    row.sizes.join(' '),
    row.version,
    row.models.join(' ') || 'nothing: no model lists it',
  ]);
  const widths = HEAD.map((name, column) => Math.max(name.length, ...cells.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return [HEAD, ...cells]
    .flatMap((row, index) => [line(row), ...(rows[index - 1]?.problems ?? []).map((problem) => `  ! ${problem}`)])
    .join('\n');
}

/** `inbetween backends`: what an operator says of those who make the pixels. */
export const backendsCommand = defineCommand({
  meta: { name: 'backends', description: 'Checks, lists, pauses, drains and resumes backends.' },
  subCommands: {
    check,
    list,
    pause: setting('pause', 'paused', 'Begins nothing new on a backend: what runs goes on, what is asked for waits.'),
    drain: setting('drain', 'draining', 'Accepts nothing new for a backend: what was accepted is still made.'),
    resume: setting('resume', 'open', 'Lets a backend work as usual again.'),
  },
});
