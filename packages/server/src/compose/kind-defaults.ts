import type { Rhythm } from '../adapters/backends/remote/rhythm.ts';
import type { BackendKind } from '../config/backends/backend-config.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** What a kind's backends have where the configuration says nothing. */
export interface KindDefaults {
  /** Works at once at one instance. */
  readonly slots: number;
  readonly perSecond: number | undefined;
  readonly pollsPerSecond: number | undefined;
  readonly deadlineMs: number;
  readonly rhythm: Partial<Rhythm>;
}

/** An engine on a machine of one's own: asked as often as there is something to ask. */
const OWN = { perSecond: undefined, pollsPerSecond: undefined, deadlineMs: 2 * HOUR } as const;

export const KIND_DEFAULTS = {
  // Two tasks at once, two creates and twenty queries a second is what an account has; kf2v takes 1 to 8 minutes.
  dashscope: {
    slots: 2,
    perSecond: 2,
    pollsPerSecond: 15,
    deadlineMs: 6 * HOUR,
    rhythm: { everyMs: 15_000, usualMs: 4 * MINUTE },
  },
  // One engine makes one video at a time; a second one waits there, so that it need not wait for us.
  comfyui: { slots: 2, ...OWN, rhythm: { everyMs: 5_000 } },
  sdcpp: { slots: 1, ...OWN, rhythm: { everyMs: 5_000, usualMs: 10 * MINUTE } },
  lightx2v: { slots: 1, ...OWN, rhythm: { everyMs: 5_000 } },
  'openai-videos': {
    slots: 4,
    perSecond: undefined,
    pollsPerSecond: 20,
    deadlineMs: 2 * HOUR,
    rhythm: { everyMs: 10_000 },
  },
} as const satisfies Record<BackendKind, KindDefaults>;
