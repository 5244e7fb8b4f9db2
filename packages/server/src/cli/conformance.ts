import { type CheckResult, checkConformance } from '@inbetween/client/conformance';
import { defineCommand } from 'citty';
import { CommandFailure, say } from './console.ts';
import { openHook } from './hook-listener.ts';

/** `inbetween conformance`: does a server keep the contract? */
export const conformanceCommand = defineCommand({
  meta: {
    name: 'conformance',
    description:
      'Checks any /v1/videos server against the contract and tells what it does otherwise. Makes about a dozen videos and lets one finish.',
  },
  args: {
    url: { type: 'string', description: 'Where the server is', required: true, valueHint: 'address' },
    key: { type: 'string', description: 'An API key of it (INBETWEEN_API_KEY)', valueHint: 'key' },
    model: { type: 'string', description: 'Model to ask for', default: 'wan2.2-kf2v-flash', valueHint: 'name' },
    level: {
      type: 'string',
      description: 'seed: what the API page states; full: and what Inbetween settles beyond it',
      default: 'full',
      valueHint: 'level',
    },
    patience: {
      type: 'string',
      description: 'How long one video may take, in seconds',
      default: '600',
      valueHint: 'seconds',
    },
    hook: {
      type: 'string',
      description: 'Where this machine listens for webhooks; for a server on 127.0.0.1 a free port of it',
      valueHint: 'http://host:port',
    },
    json: { type: 'boolean', description: 'Print the results as JSON' },
  },
  async run({ args }) {
    if (args.level !== 'seed' && args.level !== 'full') {
      throw new CommandFailure(`--level "${args.level}" must be seed or full.`, 2);
    }
    const patience = Number(args.patience);
    if (!Number.isInteger(patience) || patience < 1) {
      throw new CommandFailure(`--patience "${args.patience}" must be a whole number of seconds.`, 2);
    }
    const address = hookAddress(args.hook, args.url);
    await using hook = address === undefined ? undefined : await openHook(address.host, address.port);
    const results = await checkConformance({
      url: args.url,
      key: args.key ?? process.env['INBETWEEN_API_KEY'],
      model: args.model,
      level: args.level,
      patienceMs: patience * 1000,
      hook,
      onResult: (result) => (args.json ? undefined : say.out(row(result))),
    });
    const failed = results.filter(({ passed }) => passed === false).length;
    const absent = results.filter(({ passed }) => passed === null).length;
    if (args.json) say.json(results);
    else {
      const passed = results.length - failed - absent;
      say.out(`\n${passed} of ${results.length} passed${absent === 0 ? '' : `, ${absent} not offered`}.`);
    }
    if (failed > 0) throw new CommandFailure('', 1);
  },
});

function hookAddress(hook: string | undefined, server: string) {
  if (hook === undefined) {
    const host = URL.parse(server)?.hostname;
    return host === '127.0.0.1' || host === 'localhost' ? { host: '127.0.0.1', port: 0 } : undefined;
  }
  const url = URL.parse(hook);
  if (url?.protocol !== 'http:' || url.port === '') {
    throw new CommandFailure(`--hook "${hook}" must be http://host:port, an address of this machine.`, 2);
  }
  return { host: url.hostname, port: Number(url.port) };
}

function row({ group, name, passed, reason, ms }: CheckResult): string {
  const line = `${passed === null ? 'n/a ' : passed ? 'pass' : 'FAIL'}  ${group}  ${name}${ms > 1_000 ? `  (${(ms / 1000).toFixed(1)} s)` : ''}`;
  return reason === null ? line : `${line}\n            ${reason}`;
}
