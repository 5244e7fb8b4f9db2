import { describe, expect, it } from 'vitest';
import { readWords } from './words.ts';

const ARGS = {
  first: { type: 'positional' },
  output: { type: 'string', alias: 'o' },
  prompt: { type: 'string' },
  'negative-prompt': { type: 'string' },
  watermark: { type: 'boolean' },
} as const;
const words = (...argv: string[]) => readWords(argv, ARGS);

describe('words of a command line', () => {
  it.each([
    ['--prompt', '-x'],
    ['--prompt', '--zoom in'],
    ['--prompt', '--no-rain'],
    ['--prompt', '-'],
    ['--prompt', '--'],
    ['--prompt', '-h'],
    ['--prompt', ''],
    ['--negative-prompt', '-blur=all'],
    ['--negativePrompt', '-y'],
    ['-o', '-x.mp4'],
  ])('a value may begin with a dash: %s %s', (option, value) => {
    expect(words('render', 'a.png', option, value, '--watermark')).toEqual({
      words: ['render', 'a.png', `${option === '-o' ? '--output' : option}=${value}`, '--watermark'],
    });
  });

  it('what is written with = stays as it is', () => {
    expect(words('--prompt=-x', '--prompt=', '--watermark=false', '--no-watermark')).toEqual({
      words: ['--prompt=-x', '--prompt=', '--watermark=false', '--no-watermark'],
    });
  });

  it('everything after -- is taken as it stands', () => {
    expect(words('--', '--fps', '-x')).toEqual({ words: ['--', '--fps', '-x'] });
  });

  it.each([
    ['--prompt', '--watermark'],
    ['--prompt', '--output=a.mp4'],
    ['--prompt', '-o'],
    ['--prompt', '--no-watermark'],
  ])('%s %s lacks its value, and how to send such a text is told', (...argv) => {
    expect(words(...argv).problem).toBe(`--prompt needs a value. If "${argv[1]}" is meant, write --prompt=${argv[1]}`);
  });

  it('an option at the end lacks its value', () => {
    expect(words('a.png', '-o').problem).toBe('-o needs a value.');
  });

  it.each(['--fps', '--fps=3', '-f', '--no-fps', '--constructor'])('%s is no option', (word) => {
    expect(words('a.png', word).problem).toBe(`There is no option ${word.replace(/=.*/, '')}.`);
  });

  it('help and version belong to every command, and a lone dash or a number is no option', () => {
    expect(words('--help', '-h', '--version', '-v', '-', '-5').problem).toBeUndefined();
  });
});
