import type { Bell, BellTopic } from '../ports/bell.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import type { Meter } from '../ports/meter.ts';
import type { Part } from './part.ts';

/** One piece of claimed work. It ends soon after `signal` aborts, and never rejects for an expected reason. */
export type Work = (signal: AbortSignal) => Promise<void>;

export interface LaneRules {
  readonly name: string;
  /** Rings that mean "look now". */
  readonly topic: BellTopic;
  /** How many works run at once. */
  readonly concurrency: number;
  /** Looks at least this often: the bell is only a hint. */
  readonly idleMs: number;
  /** Claims at most `free` pieces of due work. */
  claim(free: number): Promise<readonly Work[]>;
  /**
   * When work becomes due after the given instant, if known, so that a back-off ends on time rather than at the next look.
   * What was due by then and not claimed waits for something else than time, such as a free slot.
   */
  nextDue?(after: number): Promise<number | undefined>;
}

export interface LaneParts {
  readonly bell: Bell;
  readonly clock: Clock;
  readonly log: Log;
  readonly meter: Meter;
}

/** After an unexpected error (a store that does not answer, say) the lane waits this long before it looks again. */
const AFTER_ERROR_MS = 1_000;
/** How long aborted work may take to give itself back. */
const GIVE_BACK_MS = 5_000;

/** THE loop over due work: claim what fits, run it, wait for a ring, an end or the next due time, and look again. */
export function createLane(rules: LaneRules, { bell, clock, log, meter }: LaneParts): Part {
  const stopping = new AbortController();
  const aborting = new AbortController();
  const active = new Set<Promise<void>>();
  let wake = new AbortController();
  let loop: Promise<void> = Promise.resolve();

  const ring = () => wake.abort();

  function run(work: Work): void {
    const running = work(aborting.signal)
      .catch((error: unknown) => failed(error, 'work ended in an unexpected error'))
      .finally(() => {
        active.delete(running);
        ring();
      });
    active.add(running);
  }

  function failed(error: unknown, message: string): void {
    meter.count('inbetween_lane_errors_total', { lane: rules.name });
    log.error({ lane: rules.name, err: error }, message);
  }

  /** One look; returns how long to wait for the next. */
  async function look(): Promise<number> {
    const free = rules.concurrency - active.size;
    if (free <= 0) return rules.idleMs;
    const lookedAt = clock.now();
    try {
      const works = await rules.claim(free);
      for (const work of works) run(work);
      if (works.length === free) return rules.idleMs;
      const due = await rules.nextDue?.(lookedAt);
      return due === undefined ? rules.idleMs : Math.max(1, Math.min(rules.idleMs, due - clock.now()));
    } catch (error) {
      failed(error, 'could not claim work');
      return AFTER_ERROR_MS;
    }
  }

  async function cycle(): Promise<void> {
    while (!stopping.signal.aborted) {
      // A ring during the look must not be lost, so the controller that rings abort is fresh before it begins.
      wake = new AbortController();
      const { signal } = wake;
      const waitMs = await look();
      await clock.sleep(waitMs, AbortSignal.any([signal, stopping.signal]));
    }
  }

  let deafen = () => {};
  return {
    name: `lane ${rules.name}`,
    async start() {
      deafen = bell.listen(rules.topic, ring);
      loop = cycle();
    },
    async stop(graceMs) {
      deafen();
      stopping.abort();
      await loop;
      await settled(active, graceMs, clock);
      aborting.abort();
      await settled(active, GIVE_BACK_MS, clock);
      if (active.size > 0) log.warn({ lane: rules.name, works: active.size }, 'work did not end in time');
    },
  };
}

async function settled(active: ReadonlySet<Promise<void>>, ms: number, clock: Clock): Promise<void> {
  if (active.size === 0) return;
  const waiting = new AbortController();
  await Promise.race([Promise.all(active), clock.sleep(ms, waiting.signal)]);
  waiting.abort();
}
