import * as fc from 'fast-check';
import { Fault } from '../../domain/fault.ts';
import { SIZE_TIERS } from '../../domain/model.ts';
import { DEFAULT_POLICY } from '../../domain/policy.ts';
import { admit, advance, begin, cancel, entomb, expire, fail, fetching, succeed } from '../../domain/transitions.ts';
import type { Video } from '../../domain/video.ts';
import { NOW, PREPARED, pending, RESULT } from '../../ports/store-contract/fixtures.contract.ts';

const STEPS = ['fetch', 'admit', 'begin', 'advance', 'succeed', 'fail', 'cancel', 'expire', 'entomb'] as const;

/** Any video that can come about: an ask with any words, then steps of a life in an order that is possible. */
export function anyVideo(): fc.Arbitrary<Video> {
  const ask = fc.record({
    prompt: fc.string({ unit: 'binary', maxLength: 20 }),
    size: fc.constantFrom(...SIZE_TIERS),
    tags: fc.dictionary(fc.string({ minLength: 1, maxLength: 5 }), fc.string({ maxLength: 5 }), { maxKeys: 3 }),
    wished: fc.option(
      fc.record({ width: fc.integer({ min: 10, max: 9999 }), height: fc.integer({ min: 10, max: 9999 }) }),
    ),
    ttl: fc.option(fc.integer({ min: 1, max: 1e9 })),
    fraction: fc.double({ min: 0, max: 2, noNaN: true }),
    fps: fc.double({ min: 1, max: 120, noNaN: true }),
  });
  return fc.tuple(ask, fc.array(fc.constantFrom(...STEPS), { maxLength: 9 })).map(([wish, steps]) => {
    const policy = { ...DEFAULT_POLICY, resultTtlMs: wish.ttl ?? undefined };
    const first = pending(1, { prompt: wish.prompt, tags: wish.tags });
    let video: Video = {
      ...first,
      generation: { ...first.generation, size: wish.size, ...(wish.wished === null ? {} : { wished: wish.wished }) },
      warnings: [{ code: 'built_in_renderer', message: wish.prompt }],
    };
    let now = NOW;
    for (const step of steps) {
      now += 1_337;
      video = after(video, step) ?? video;
    }
    return video;

    function after(before: Video, step: (typeof STEPS)[number]): Video | undefined {
      const result = { ...RESULT, facts: { ...RESULT.facts, fps: wish.fps } };
      // A step that is not possible from here throws, and is left out.
      try {
        switch (step) {
          case 'fetch':
            return fetching(before, now);
          case 'admit':
            return admit(before, PREPARED, [], now, policy);
          case 'begin':
            return begin(before, now, policy, false);
          case 'advance':
            return advance(before, wish.fraction, 'generating', now, policy);
          case 'succeed':
            return succeed(before, result, now, policy, []);
          case 'fail':
            return fail(before, new Fault('timeout', wish.prompt), now, policy);
          case 'cancel':
            return cancel(before, now, policy);
          case 'expire':
            return expire(before, now);
          case 'entomb':
            return entomb(before, now, policy);
        }
      } catch {
        return undefined;
      }
    }
  });
}
