import type { Bell, BellTopic } from '../../ports/bell.ts';
import type { Log } from '../../ports/log.ts';

/**
 * The bell of one process. Listeners are called a moment later and not within `ring`, so that whoever rings, perhaps
 * in the middle of a transaction, is never re-entered by those who wake up.
 */
export function createBell(log: Log): Bell {
  const listeners = new Map<BellTopic, Set<() => void>>();

  function wake(topic: BellTopic, listener: () => void): void {
    if (listeners.get(topic)?.has(listener) !== true) return;
    try {
      listener();
    } catch (error) {
      // One broken listener must cost neither the others their hint nor the process its life.
      log.error({ topic, error }, 'a listener of the bell failed');
    }
  }

  return {
    ring(topic) {
      for (const listener of listeners.get(topic) ?? []) queueMicrotask(() => wake(topic, listener));
    },

    listen(topic, listener) {
      // A fresh function each time, so that the same listener may listen twice and leave once.
      const own = () => listener();
      const others = listeners.get(topic) ?? new Set();
      listeners.set(topic, others.add(own));
      return () => {
        others.delete(own);
        // Topics name videos; an empty set kept for each would grow for ever.
        if (others.size === 0 && listeners.get(topic) === others) listeners.delete(topic);
      };
    },
  };
}
