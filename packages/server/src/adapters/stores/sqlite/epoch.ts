import type Database from 'better-sqlite3';

/** Which state of the database the reader sees. */
export interface Epoch {
  /** Another number after every commit of anybody. */
  now(): number;
  /** This process has committed: the next `now` asks SQLite. */
  passed(): void;
}

/**
 * SQLite tells a connection whether another one, of this process or not, has committed (`data_version`). It is asked once
 * in a turn of the event loop: requests whose bytes had arrived when the turn began share the answer. So a commit of this
 * process is seen at once, and one of another process (the command line beside a running server) within that turn.
 */
export function watchEpoch(reader: Database.Database): Epoch {
  const dataVersion = reader.prepare('pragma data_version').pluck();
  let epoch = 0;
  let seen: unknown;
  let isAsked = false;
  const forget = () => {
    isAsked = false;
  };
  return {
    now() {
      if (isAsked) return epoch;
      isAsked = true;
      setImmediate(forget);
      const version = dataVersion.get();
      if (version !== seen) epoch += 1;
      seen = version;
      return epoch;
    },
    passed: forget,
  };
}
