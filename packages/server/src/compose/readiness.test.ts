import { expect, it } from 'vitest';
import { createScriptedBackend } from '../../../../test/support/backend.ts';
import { createFakeClock } from '../../../../test/support/clock.ts';
import { localBackends } from './readiness.ts';

const parts = { clock: createFakeClock(), files: new Map<string, Uint8Array>() };
const backends = {
  renderer: createScriptedBackend(parts),
  peer: createScriptedBackend({ ...parts, name: 'peer', remote: true }),
};
const here = { one: ['renderer'], two: ['peer'] };

it.each([
  ['serve', here, ['renderer']],
  ['worker', here, ['renderer']],
  // It only answers, and may run where nothing can be rendered.
  ['api', here, []],
  // Everything is made elsewhere: nobody waits for the renderer to be tried.
  ['serve', { one: ['peer'], two: ['peer'] }, []],
] as const)('a process that is %s with %j makes videos itself by %j', (role, routes, names) => {
  expect(localBackends({ backends }, routes, role).map(({ name }) => name)).toEqual(names);
});
