import { type CheckResult, checkConformance } from '@inbetween/client/conformance';
import { defineCommand } from 'citty';
import { CommandFailure, say } from './console.ts';

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
    const results = await checkConformance({
      url: args.url,
      key: args.key ?? process.env['INBETWEEN_API_KEY'],
      model: args.model,
      level: args.level,
      patienceMs: patience * 1000,
      onResult: (result) => (args.json ? undefined : say.out(row(result))),
    });
    const failed = results.filter(({ passed }) => !passed).length;
    if (args.json) say.json(results);
    else say.out(`\n${results.length - failed} of ${results.length} passed.`);
    if (failed > 0) throw new CommandFailure('', 1);
  },
});

function row({ group, name, passed, reason, ms }: CheckResult): string {
  const line = `${passed ? 'pass' : 'FAIL'}  ${group}  ${name}${ms > 1_000 ? `  (${(ms / 1000).toFixed(1)} s)` : ''}`;
  return reason === null ? line : `${line}\n            ${reason}`;
}
