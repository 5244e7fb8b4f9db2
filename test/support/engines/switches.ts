/**
 * What can go wrong with any peer, so that no adapter forgets one: each has a row for each in its table of faults, or says
 * why it cannot be. What is the same for all of them is elsewhere: damaged and foreign results in the finisher's tests, an
 * end after a cancel in the contract of backends.
 */
export const SWITCHES = [
  'lost answer to a start',
  'lost start',
  'start without an answer',
  'garbled answer to a start',
  'too much to do',
  'refused key',
  'missing model',
  'old version',
  '5xx storm',
  'garbled looks',
  'unknown word',
  'dropped socket',
  'death in the middle',
  'forgotten work',
  'stopped there',
  'failed work',
  'out of memory',
  'broken download',
  'slow answers',
  'expired result',
] as const;

export type Switch = (typeof SWITCHES)[number];
