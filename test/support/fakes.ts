import type { ApiKeyId, EndpointId, FileId, VideoId, WorkerId } from '../../packages/server/src/domain/id.ts';
import type { Bell, BellTopic } from '../../packages/server/src/ports/bell.ts';
import type { Ids } from '../../packages/server/src/ports/ids.ts';
import type { Log } from '../../packages/server/src/ports/log.ts';
import type { Counter, Meter, Timer } from '../../packages/server/src/ports/meter.ts';

/** Ids that count: the first video is `video_000…1`. */
export function createFakeIds(): Ids {
  let count = 0;
  const next = () => {
    count += 1;
    // Digits only: every digit is a Crockford character.
    return String(count).padStart(26, '0');
  };
  return {
    video: () => `video_${next()}` as VideoId,
    file: () => `file_${next()}` as FileId,
    apiKey: () => `key_${next()}` as ApiKeyId,
    audit: () => `audit_${next()}`,
    worker: () => `worker_${next()}` as WorkerId,
    seed: () => 1_000 + count,
    secret: () => `inb_${next()}`,
    endpoint: () => `whe_${next()}` as EndpointId,
    webhookSecret: () => `whsec_${Buffer.from(next().padStart(32, '0')).toString('base64')}`,
    fraction: () => 0,
  };
}

export interface LogLine {
  readonly level: keyof Log;
  readonly facts: object;
  readonly message: string;
}

/** A log that is kept and not shown. */
export function createQuietLog(): Log & {
  readonly lines: readonly LogLine[];
  of(level: keyof Log): readonly LogLine[];
} {
  const lines: LogLine[] = [];
  const at = (level: keyof Log) => (facts: object, message: string) => void lines.push({ level, facts, message });
  return {
    lines,
    of: (level) => lines.filter((line) => line.level === level),
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
  };
}

/** Counts by name, and by name with one label's value: `inbetween_attempt_faults_total{code=backend_failed}`. */
export function createCountingMeter(): Meter & {
  counted(name: Counter, label?: string): number;
  observed(name: Timer): number;
} {
  const counts = new Map<string, number>();
  const times = new Map<string, number>();
  const add = (map: Map<string, number>, name: string, by: number) => map.set(name, (map.get(name) ?? 0) + by);
  return {
    count(name, labels = {}, by = 1) {
      add(counts, name, by);
      for (const [label, value] of Object.entries(labels)) add(counts, `${name}{${label}=${value}}`, by);
    },
    observe: (name) => void add(times, name, 1),
    counted: (name, label) => counts.get(label === undefined ? name : `${name}{${label}}`) ?? 0,
    observed: (name) => times.get(name) ?? 0,
  };
}

/** An in-process bell. While `mute`, rings are lost, as they may be: polling is the truth. */
export function createFakeBell(): Bell & { mute: boolean; listeners(): number } {
  const listeners = new Map<BellTopic, Set<() => void>>();
  return {
    mute: false,
    ring(topic) {
      if (this.mute) return;
      for (const listener of listeners.get(topic) ?? []) queueMicrotask(listener);
    },
    listen(topic, listener) {
      const own = () => listener();
      const known = listeners.get(topic) ?? new Set();
      listeners.set(topic, known.add(own));
      return () => void known.delete(own);
    },
    listeners: () => [...listeners.values()].reduce((sum, set) => sum + set.size, 0),
  };
}

/** A gate through which calls pass while it is open; those that come while it is shut wait for it. */
export interface Gate {
  shut(): void;
  open(): void;
  through<T extends object>(parts: T): T;
}

/** For a process that stands still (SIGSTOP, a long pause) or is gone: what it wanted to write comes late, or never. */
export function createGate(): Gate {
  let waiting = Promise.withResolvers<void>();
  let shut = false;
  return {
    shut() {
      shut = true;
      waiting = Promise.withResolvers<void>();
    },
    open() {
      shut = false;
      waiting.resolve();
    },
    through<T extends object>(parts: T): T {
      return new Proxy(parts, {
        get(target, name, receiver) {
          const member: unknown = Reflect.get(target, name, receiver);
          if (typeof member !== 'function') return member;
          return async (...args: unknown[]) => {
            if (shut) await waiting.promise;
            return Reflect.apply(member, target, args);
          };
        },
      });
    },
  };
}

/**
 * Makes chosen calls of a part fail: `faulty.failing.set('claim', error)` until it is deleted. A call in `deaf` is done,
 * and then fails all the same, that many times: its answer was lost.
 */
export function createFaulty<T extends object>(
  parts: T,
): { readonly parts: T; readonly failing: Map<keyof T, Error>; readonly deaf: Map<keyof T, number> } {
  const failing = new Map<keyof T, Error>();
  const deaf = new Map<keyof T, number>();
  return {
    failing,
    deaf,
    parts: new Proxy(parts, {
      get(target, name, receiver) {
        const member: unknown = Reflect.get(target, name, receiver);
        if (typeof member !== 'function') return member;
        return (...args: unknown[]) => {
          const error = failing.get(name as keyof T);
          if (error !== undefined) return Promise.reject(error);
          const answer: unknown = Reflect.apply(member, target, args);
          const left = deaf.get(name as keyof T) ?? 0;
          if (left === 0) return answer;
          deaf.set(name as keyof T, left - 1);
          return Promise.resolve(answer).then(() => {
            throw new Error('Connection terminated unexpectedly');
          });
        };
      },
    }),
  };
}
