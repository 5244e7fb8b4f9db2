import { defineCommand } from 'citty';
import { openKeyDesk, SCOPE_NAMES } from '../compose/key-desk.ts';
import { CommandFailure, say } from './console.ts';
import { atDeskOf, deskArgs } from './desk.ts';

const withDesk = atDeskOf(openKeyDesk);

const create = defineCommand({
  meta: { name: 'create', description: 'Makes a key and prints it. It is shown this once; only its hash is kept.' },
  args: {
    owner: {
      type: 'string',
      description: 'Project the key belongs to; made if new',
      default: 'default',
      valueHint: 'name',
    },
    name: { type: 'string', description: 'A name to recognise the key by', default: '', valueHint: 'text' },
    scopes: {
      type: 'string',
      description: `Comma-separated: ${SCOPE_NAMES.join(', ')} (default: all)`,
      valueHint: 'list',
    },
    models: { type: 'string', description: 'Comma-separated models it may ask for (default: all)', valueHint: 'list' },
    addresses: {
      type: 'string',
      description: 'Comma-separated addresses and networks it may be used from (default: anywhere)',
      valueHint: 'list',
    },
    'requests-per-minute': { type: 'string', description: 'Requests of any kind, each API process', valueHint: 'n' },
    'creates-per-minute': { type: 'string', description: 'Videos asked for, each API process', valueHint: 'n' },
    'monthly-seconds': { type: 'string', description: 'Seconds of video in a month', valueHint: 'n' },
    'monthly-cost': { type: 'string', description: 'Money in a month, such as 12.50', valueHint: 'amount' },
    expires: {
      type: 'string',
      description: 'Days from now, such as 30d, or a date, such as 2027-01-31',
      valueHint: 'when',
    },
    ...deskArgs,
  },
  run: ({ args }) =>
    withDesk(args['data-dir'], async (desk) => {
      const made = await desk.create({
        owner: args.owner,
        name: args.name,
        scopes: args.scopes,
        models: args.models,
        addresses: args.addresses,
        requestsPerMinute: args['requests-per-minute'],
        createsPerMinute: args['creates-per-minute'],
        monthlySeconds: args['monthly-seconds'],
        monthlyCost: args['monthly-cost'],
        expires: args.expires,
      });
      if ('problem' in made) throw new CommandFailure(made.problem, 2);
      if (args.json) say.json(made);
      else {
        say.note(`Key ${made.id} of ${made.owner} (${made.scopes.join(', ')}). It is shown this once:`);
        say.out(made.secret);
      }
    }),
});

const list = defineCommand({
  meta: { name: 'list', description: 'Lists keys, never their secrets.' },
  args: { owner: { type: 'string', description: 'Only keys of this project', valueHint: 'name' }, ...deskArgs },
  run: ({ args }) =>
    withDesk(args['data-dir'], async (desk) => {
      const keys = await desk.list(args.owner);
      if (args.json) return say.json(keys);
      if (keys.length === 0) return say.note('No keys.');
      for (const key of keys) {
        const narrowed = Object.keys(key.limits).length === 0 ? '' : `  ${JSON.stringify(key.limits)}`;
        const ends = key.expires_at === null ? '' : `  until ${key.expires_at}`;
        const state = `${narrowed}${ends}${key.revoked_at === null ? '' : '  revoked'}`;
        say.out(
          `${key.id}  ${key.owner}  ${key.prefix}…  ${key.created_at}  used ${key.last_used_at ?? 'never'}  ${key.scopes.join(',')}  ${key.name}${state}`,
        );
      }
    }),
});

const revoke = defineCommand({
  meta: { name: 'revoke', description: 'Revokes a key; running servers refuse it within seconds.' },
  args: {
    id: { type: 'positional', description: 'The key\'s id (key_…), from "keys list"', required: true },
    ...deskArgs,
  },
  run: ({ args }) =>
    withDesk(args['data-dir'], async (desk) => {
      if (!(await desk.revoke(args.id))) throw new CommandFailure(`There is no key ${args.id} that is not revoked.`);
      if (args.json) say.json({ id: args.id, revoked: true });
      else say.note(`Revoked ${args.id}.`);
    }),
});

/** `inbetween keys`: the keys of the embedded server, whether it runs or not. */
export const keysCommand = defineCommand({
  meta: { name: 'keys', description: 'Creates, lists and revokes API keys.' },
  subCommands: { create, list, revoke },
});
