import { describe, expect, it } from 'vitest';
import { cancel, succeed } from '../domain/transitions.ts';
import type { Video } from '../domain/video.ts';
import { NOW, POLICY, queued, RESULT, running } from '../ports/store-contract/fixtures.contract.ts';
import { createPace } from './pace.ts';

const finished = (n: number, ms: number, backend = 'renderer'): Video =>
  succeed(running(n, { backend }), RESULT, NOW + ms, POLICY);

describe('the pace of looking', () => {
  it('follows how long videos of this kind really took', () => {
    const pace = createPace();
    const video = queued(1);
    expect(pace.lookAgainMs(video, NOW)).toBe(2_000);
    for (const [n, seconds] of [38, 40, 400].entries()) pace.note(finished(n, seconds * 1000));
    expect(pace.lookAgainMs(video, NOW)).toBe(5_000);
    expect(pace.lookAgainMs(video, NOW + 16_000)).toBe(3_000);
    // Later than usual: not more and more often.
    expect(pace.lookAgainMs(video, NOW + 300_000)).toBe(2_500);
    expect(pace.lookAgainMs(queued(2, { backend: 'dashscope' }), NOW)).toBe(2_000);
  });

  it('stays within a second and a quarter of a minute, and ends with the video', () => {
    const pace = createPace();
    pace.note(finished(1, 2_000));
    pace.note(finished(2, 3_600_000, 'slow'));
    expect(pace.lookAgainMs(queued(3), NOW)).toBe(1_000);
    expect(pace.lookAgainMs(queued(4, { backend: 'slow' }), NOW)).toBe(15_000);
    expect(pace.lookAgainMs(finished(1, 2_000), NOW)).toBe(0);
  });

  it('learns from successes, each once, the latest twenty-one', () => {
    const pace = createPace();
    pace.note(cancel(queued(1), NOW + 80_000, POLICY));
    expect(pace.lookAgainMs(queued(2), NOW)).toBe(2_000);
    for (let n = 0; n < 30; n += 1) pace.note(finished(n, 80_000));
    for (let n = 0; n < 30; n += 1) pace.note(finished(7, 8_000));
    expect(pace.lookAgainMs(queued(2), NOW)).toBe(10_000);
    for (let n = 100; n < 121; n += 1) pace.note(finished(n, 16_000));
    expect(pace.lookAgainMs(queued(2), NOW)).toBe(2_000);
  });
});
