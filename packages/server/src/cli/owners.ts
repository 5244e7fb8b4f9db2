import { defineCommand } from 'citty';
import { GROUP_NAMES, openOwnerDesk, type ShownOwner } from '../compose/owner-desk.ts';
import { say } from './console.ts';
import { atDeskOf, deskArgs, orFail } from './desk.ts';

const withDesk = atDeskOf(openOwnerDesk);

const name = { type: 'positional', description: 'Name of the project', required: true } as const;
const limits = {
  running: { type: 'string', description: 'Videos made at once, or none', valueHint: 'n' },
  queued: { type: 'string', description: 'Videos that wait, or none', valueHint: 'n' },
  'monthly-seconds': { type: 'string', description: 'Seconds of video in a month, or none', valueHint: 'n' },
  'monthly-cost': { type: 'string', description: 'Money in a month, such as 12.50, or none', valueHint: 'amount' },
} as const;
type LimitArgs = { readonly [Name in keyof typeof limits]?: string | undefined };

const typed = (args: LimitArgs) => ({
  running: args.running,
  queued: args.queued,
  monthlySeconds: args['monthly-seconds'],
  monthlyCost: args['monthly-cost'],
});

const create = defineCommand({
  meta: { name: 'create', description: 'Makes a project; one that a key is made for is made by itself.' },
  args: { name, ...limits, ...deskArgs },
  run: ({ args }) =>
    withDesk(args['data-dir'], async (desk) => print(orFail(await desk.create(args.name, typed(args)), 2), args.json)),
});

const limit = defineCommand({
  meta: { name: 'limit', description: 'Changes limits of a project; running servers act on it within seconds.' },
  args: { name, ...limits, ...deskArgs },
  run: ({ args }) =>
    withDesk(args['data-dir'], async (desk) => print(orFail(await desk.limit(args.name, typed(args)), 2), args.json)),
});

const show = defineCommand({
  meta: { name: 'show', description: 'Shows the limits of a project, and how it stands in this month.' },
  args: { name, ...deskArgs },
  run: ({ args }) => withDesk(args['data-dir'], async (desk) => print(orFail(await desk.show(args.name)), args.json)),
});

const list = defineCommand({
  meta: { name: 'list', description: 'Lists projects and their limits.' },
  args: { ...deskArgs },
  run: ({ args }) =>
    withDesk(args['data-dir'], async (desk) => {
      const owners = await desk.list();
      if (args.json) return say.json(owners);
      if (owners.length === 0) return say.note('No projects.');
      for (const owner of owners) say.out(`${owner.id}  ${owner.created_at}  ${limitsOf(owner)}`);
    }),
});

/** `inbetween owners`: projects and what they may have. */
export const ownersCommand = defineCommand({
  meta: { name: 'owners', description: 'Makes, lists, shows and limits projects.' },
  subCommands: { create, list, show, limit },
});

/** `inbetween usage`: what was made and what it cost. */
export const usageCommand = defineCommand({
  meta: { name: 'usage', description: 'Tells what was made and what it cost.' },
  args: {
    owner: { type: 'string', description: 'Project', default: 'default', valueHint: 'name' },
    from: { type: 'string', description: 'First day, such as 2026-11-01 (default: of this month)', valueHint: 'day' },
    to: { type: 'string', description: 'Last day, included (default: today, UTC)', valueHint: 'day' },
    'group-by': {
      type: 'string',
      description: `Comma-separated: ${GROUP_NAMES.join(', ')}; or none`,
      default: 'day',
      valueHint: 'list',
    },
    key: { type: 'string', description: 'Only of this key (key_…), or none', valueHint: 'id' },
    model: { type: 'string', description: 'Only of this model', valueHint: 'name' },
    ...deskArgs,
  },
  run: ({ args }) =>
    withDesk(args['data-dir'], async (desk) => {
      const { owner, from, to, key, model } = args;
      const found = orFail(await desk.usage({ owner, from, to, key, model, groupBy: args['group-by'] }), 2);
      if (args.json) return say.json(found);
      if (found.data.length === 0) say.note(`Nothing ended from ${found.from} to ${found.to}.`);
      for (const row of found.data) {
        const place = [row.day, row.api_key, row.model].filter((part) => part !== null).join('  ');
        const upstream = row.upstream_cost === '0' ? '' : `  upstream ${row.upstream_cost}`;
        say.out(
          `${place || 'in all'}  ${row.succeeded} succeeded, ${row.failed} failed, ${row.cancelled} cancelled  ${row.seconds} s  ${row.cost} ${found.currency}${upstream}`,
        );
      }
    }),
});

function print(owner: ShownOwner, json: boolean | undefined): void {
  if (json === true) {
    say.json(owner);
    return;
  }
  say.out(`${owner.id}  ${owner.created_at}  ${limitsOf(owner)}`);
  if (owner.budget === undefined) return;
  const { month, seconds, cost } = owner.budget;
  say.out(
    `${month}: ${seconds.settled} s settled, ${seconds.reserved} s reserved; ${cost.settled} ${owner.currency} settled, ${cost.reserved} reserved`,
  );
}

function limitsOf({ running, queued, monthly_seconds: seconds, monthly_cost: cost, currency }: ShownOwner): string {
  const told = [
    running === null ? [] : `running ${running}`,
    queued === null ? [] : `queued ${queued}`,
    seconds === null ? [] : `${seconds} s a month`,
    cost === null ? [] : `${cost} ${currency} a month`,
  ].flat();
  return told.length === 0 ? 'no limits' : told.join(', ');
}
