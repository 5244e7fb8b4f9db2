import { describe, expect, it } from 'vitest';
import { inspectPicture } from '../../domain/picture/inspect.ts';
import { outputSize } from '../../domain/size.ts';
import { readSample } from './samples.ts';

describe('readSample', () => {
  it.each(['sample_first', 'sample_last'] as const)('reads %s, a picture within the limits', async (name) => {
    const picture = inspectPicture(await readSample(name), name);
    expect(picture.type).toBe('image/png');
    expect(outputSize(picture, '720P').width).toBeGreaterThan(0);
  });
});
