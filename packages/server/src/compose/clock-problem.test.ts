import { expect, it } from 'vitest';
import { clockProblem } from './clock-problem.ts';

it.each([
  [0, undefined],
  [5_000, undefined],
  [-5_000, undefined],
  [5_600, "the clock of this machine is 6 s ahead of the database's"],
  [-61_000, "the clock of this machine is 61 s behind the database's"],
])('%d ms off: %s', async (ms, problem) => {
  expect(await clockProblem(async () => ms)).toBe(problem);
});

it('a database that does not answer says nothing about the clock', async () => {
  expect(await clockProblem(() => Promise.reject(new Error('no answer')))).toBeUndefined();
});
