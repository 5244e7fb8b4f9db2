import { describe, expect, it } from 'vitest';
import { type Candidate, chooseBackend, chooseOther } from './routing.ts';
import { fitSides } from './size.ts';

const candidate = (name: string, changes: Partial<Candidate> = {}): Candidate => ({
  name,
  ready: true,
  closed: false,
  sizes: ['480P', '720P'],
  ...changes,
});
const WISH = { model: 'wan2.2-kf2v-flash', size: '720P' } as const;

describe('a new video', () => {
  it('goes to the first that can make it and is ready', () => {
    const all = [candidate('away', { ready: false }), candidate('small', { sizes: ['480P'] }), candidate('good')];
    expect(chooseBackend(all, WISH)).toBe('good');
    expect(chooseBackend([candidate('first'), candidate('second')], WISH)).toBe('first');
  });

  it('waits at the first that can make it when none is ready', () => {
    const all = [
      candidate('a', { sizes: ['480P'] }),
      candidate('b', { ready: false }),
      candidate('c', { ready: false }),
    ];
    expect(chooseBackend(all, WISH)).toBe('b');
  });

  it('is refused with what can be made', () => {
    const choose = () => chooseBackend([candidate('a')], { ...WISH, size: '1080P' });
    expect(choose).toThrow(expect.objectContaining({ code: 'unsupported_size', param: 'size' }));
    expect(choose).toThrow(/made in 480P, 720P here, not in 1080P/);
    const closed = () => chooseBackend([candidate('a', { closed: true })], WISH);
    expect(closed).toThrow(expect.objectContaining({ code: 'backend_unavailable', param: 'model' }));
  });

  it('does not go where its frames cannot be scaled equally', () => {
    const narrow = candidate('narrow', { sides: { min: 360, max: 2000 } });
    expect(chooseBackend([narrow, candidate('wide')], { ...WISH, pixels: { width: 2560, height: 320 } })).toBe('wide');
    expect(chooseBackend([narrow, candidate('wide')], { ...WISH, pixels: { width: 832, height: 464 } })).toBe('narrow');
  });
});

it('another place is ready, able, and not the same', () => {
  const all = [candidate('a'), candidate('b', { ready: false }), candidate('c', { sizes: ['480P'] }), candidate('d')];
  expect(chooseOther(all, WISH, 'a')).toBe('d');
  expect(chooseOther(all, WISH, 'd')).toBe('a');
  expect(chooseOther([candidate('a'), candidate('b', { closed: true })], WISH, 'a')).toBeUndefined();
});

describe('sides within bounds', () => {
  it.each([
    [
      { width: 832, height: 464 },
      { width: 832, height: 464 },
    ],
    [
      { width: 464, height: 320 },
      { width: 522, height: 360 },
    ],
    [
      { width: 2560, height: 1440 },
      { width: 2000, height: 1125 },
    ],
    [{ width: 2560, height: 320 }, undefined],
    [{ width: 1600, height: 160 }, undefined],
  ])('%j gives %j', (size, fitted) => expect(fitSides(size, { min: 360, max: 2000 })).toEqual(fitted));
});
