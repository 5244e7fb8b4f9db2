import { join } from 'node:path';
import { expect, it } from 'vitest';
import { testApp } from '../../app.fixture.ts';
import { goldenFiles, replay } from '../golden.fixture.ts';

const files = goldenFiles(join(import.meta.dirname, 'golden'));

it.each(files)('what the clients of PowerTokens send is answered as they read it: %s', async (_name, golden) => {
  await using test = await testApp();
  await replay(test, golden);
  expect(golden.steps.length).toBeGreaterThan(0);
});
