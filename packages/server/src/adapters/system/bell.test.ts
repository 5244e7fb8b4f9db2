import { expect, test } from 'vitest';
import { createBell } from './bell.ts';

const errors: object[] = [];
const quiet = { debug() {}, info() {}, warn() {}, error: (facts: object) => void errors.push(facts) };

/** Resolves after everything that is due in this turn. */
const turn = () => new Promise((done) => setImmediate(done));

test('wakes those who listen to the topic, and only them', async () => {
  const bell = createBell(quiet);
  const heard: string[] = [];
  bell.listen('admit', () => heard.push('one'));
  bell.listen('admit', () => heard.push('two'));
  bell.listen('generate', () => heard.push('other'));
  bell.ring('admit');
  expect(heard).toEqual([]);
  await turn();
  expect(heard).toEqual(['one', 'two']);
});

test('a ring nobody hears is lost', async () => {
  const bell = createBell(quiet);
  bell.ring('video:x');
  let heard = 0;
  bell.listen('video:x', () => {
    heard += 1;
  });
  await turn();
  expect(heard).toBe(0);
});

test('whoever left is not woken, not even by a ring before', async () => {
  const bell = createBell(quiet);
  const heard: string[] = [];
  const leave = bell.listen('sweep', () => heard.push('left'));
  bell.listen('sweep', () => heard.push('stayed'));
  bell.ring('sweep');
  leave();
  leave();
  await turn();
  expect(heard).toEqual(['stayed']);
});

test('the same function may listen twice and leave once', async () => {
  const bell = createBell(quiet);
  let heard = 0;
  const listener = () => {
    heard += 1;
  };
  const leave = bell.listen('admit', listener);
  bell.listen('admit', listener);
  leave();
  bell.ring('admit');
  await turn();
  expect(heard).toBe(1);
});

test('leaving an old topic does not silence those who came back to it', async () => {
  const bell = createBell(quiet);
  const leave = bell.listen('video:y', () => {});
  leave();
  let heard = 0;
  bell.listen('video:y', () => {
    heard += 1;
  });
  leave();
  bell.ring('video:y');
  await turn();
  expect(heard).toBe(1);
});

test('a listener that throws is logged and stops nobody', async () => {
  const bell = createBell(quiet);
  const bug = new Error('bug');
  let heard = false;
  bell.listen('admit', () => {
    throw bug;
  });
  bell.listen('admit', () => {
    heard = true;
  });
  bell.ring('admit');
  await turn();
  expect(heard).toBe(true);
  expect(errors).toEqual([{ topic: 'admit', error: bug }]);
});
