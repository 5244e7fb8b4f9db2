import { describe, expect, it } from 'vitest';
import { readWord, setAt } from './dialects.ts';

describe('words and fields', () => {
  it.each([
    ['pending', 'queued'],
    ['QUEUED', 'queued'],
    ['in_progress', 'working'],
    ['In Progress', 'working'],
    ['completed', 'done'],
    ['SUCCESS', 'done'],
    ['canceled', 'cancelled'],
    ['expired', 'lost'],
    ['unknown', undefined],
    ['constructor', undefined],
  ])('%s means %s', (word, state) => expect(readWord(word)).toBe(state));

  it('go where the map says', () => {
    const body: Record<string, unknown> = {};
    setAt(body, 'images[1]', 'b');
    setAt(body, 'images[0]', 'a');
    setAt(body, 'x.y[0].z', 1);
    expect(body).toEqual({ images: ['a', 'b'], x: { y: [{ z: 1 }] } });
  });
});
