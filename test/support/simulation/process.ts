import type { Clock } from '../../../packages/server/src/ports/clock.ts';
import type { FakeClock } from '../clock.ts';
import type { Chance } from './random.ts';

/** How often a call to a store fails, and how slow it is; all 0: perfectly. */
export interface StoreMischief {
  /** Fails and nothing was done. */
  before: number;
  /** Was done, and its answer is lost. */
  after: number;
  slow: number;
}

/** One process of the fleet: all that it does to the world passes its gate, which freezing shuts and killing shuts for ever. */
export interface SimulatedProcess {
  readonly clock: Clock;
  /** Resolves while the process runs; never, once it was killed. */
  gate(): Promise<void>;
  freeze(): void;
  thaw(): void;
  kill(): void;
  readonly killed: boolean;
  /** A part of the world as this process reaches it: slow, or failing, or with answers that get lost. */
  through<T extends object>(part: T, mischief?: StoreMischief): T;
}

export function createProcess(time: FakeClock, chance: Chance): SimulatedProcess {
  let open: Promise<void> | undefined;
  let release = () => {};
  let killed = false;

  async function gate(): Promise<void> {
    while (open !== undefined) await open;
  }

  const process: SimulatedProcess = {
    clock: {
      now: time.now,
      async sleep(ms, signal) {
        await time.sleep(ms, signal);
        await gate();
      },
    },
    gate,
    freeze() {
      if (open !== undefined) return;
      open = new Promise((resolve) => {
        release = resolve;
      });
    },
    thaw() {
      if (killed) return;
      open = undefined;
      release();
    },
    kill() {
      killed = true;
      open = new Promise(() => {});
    },
    get killed() {
      return killed;
    },
    through(part, mischief) {
      return new Proxy(part, {
        get(target, name, receiver) {
          const member: unknown = Reflect.get(target, name, receiver);
          if (typeof member !== 'function') return member;
          // A listing is an async iterable, not a promise.
          if (name === 'list') return member.bind(target);
          return async (...args: unknown[]) => {
            await gate();
            if (mischief !== undefined && chance.happens(mischief.slow)) {
              await time.sleep(chance.between(1, 1_500));
              await gate();
            }
            if (mischief !== undefined && chance.happens(mischief.before)) throw new Error('the store does not answer');
            const answer: unknown = await Reflect.apply(member, target, args);
            if (mischief !== undefined && chance.happens(mischief.after)) throw new Error('the answer was lost');
            await gate();
            return answer;
          };
        },
      });
    },
  };
  return process;
}
