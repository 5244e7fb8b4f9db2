import { randomUUID } from 'node:crypto';
import { Client, type Pool } from 'pg';
import type { Bell, BellTopic } from '../../../ports/bell.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { Log } from '../../../ports/log.ts';

/** The bell of a fleet: rings reach this process at once and the others through the database. */
export interface PostgresBell extends Bell {
  close(): Promise<void>;
}

interface BellWish {
  readonly url: string;
  /** Where rings are sent from; listening needs a connection of its own. */
  readonly pool: Pool;
  /** The bell of this process. */
  readonly local: Bell;
  readonly clock: Clock;
  readonly log: Log;
}

const CHANNEL = 'inbetween_bell';
/** After a notification, the rings of this long go out as one. The first one goes at once: most wait for it. */
const GATHER_MS = 10;
/**
 * A notification makes its commit a write, and waiting for the disk would delay what may be lost anyway. What it tells of
 * was committed before.
 */
const NOTIFY = `select set_config('synchronous_commit', 'off', true), pg_notify($1, $2)`;
/** PostgreSQL refuses notifications of 8,000 bytes; a topic is at most 32. */
const TOPICS_MAX = 200;
const RECONNECT_MS = [100, 500, 1_000, 2_000, 5_000] as const;
/** A connection that says nothing is asked this often whether it is still there. */
const CHECK_MS = 15_000;
const CHECK_ANSWER_MS = 5_000;

/**
 * LISTEN and NOTIFY: a hint, no more. What is lost while the connection is down is found by polling; when it is up
 * again, everybody here is woken once, because anything may have happened meanwhile.
 */
export function createPostgresBell({ url, pool, local, clock, log }: BellWish): PostgresBell {
  const self = randomUUID();
  const closing = new AbortController();
  const listened = new Map<BellTopic, number>();
  let gathered = new Set<BellTopic>();
  let sending: Promise<void> | undefined;

  async function send(): Promise<void> {
    // What is rung in one go belongs together.
    await Promise.resolve();
    do {
      const topics = [...gathered];
      gathered = new Set();
      await notify(topics);
      await clock.sleep(GATHER_MS, closing.signal);
    } while (gathered.size > 0);
    sending = undefined;
  }

  async function notify(topics: readonly BellTopic[]): Promise<void> {
    for (let at = 0; at < topics.length; at += TOPICS_MAX) {
      const payload = `${self} ${topics.slice(at, at + TOPICS_MAX).join(' ')}`;
      try {
        await pool.query(NOTIFY, [CHANNEL, payload]);
      } catch (error) {
        log.debug({ err: error }, 'a ring did not reach the other processes; they will find out by polling');
      }
    }
  }

  function heard(payload: string | undefined): void {
    const [sender, ...topics] = (payload ?? '').split(' ');
    if (sender === self) return;
    for (const topic of topics) local.ring(topic as BellTopic);
  }

  async function listen(): Promise<void> {
    for (let failures = 0; !closing.signal.aborted; failures += 1) {
      const client = new Client({
        connectionString: url,
        application_name: 'inbetween bell',
        keepAlive: true,
        connectionTimeoutMillis: CHECK_ANSWER_MS,
        query_timeout: CHECK_ANSWER_MS,
      });
      const broken = new AbortController();
      client.on('error', () => broken.abort());
      client.on('end', () => broken.abort());
      client.on('notification', ({ payload }) => heard(payload));
      try {
        await client.connect();
        await client.query(`listen ${CHANNEL}`);
        if (failures > 0) for (const topic of listened.keys()) local.ring(topic);
        failures = 0;
        const over = AbortSignal.any([broken.signal, closing.signal]);
        while (!over.aborted) {
          await clock.sleep(CHECK_MS, over);
          if (!over.aborted) await client.query('select 1');
        }
      } catch (error) {
        if (failures === 0) log.warn({ err: error }, 'the bell lost the database; work is found by polling meanwhile');
      } finally {
        await client.end().catch(() => undefined);
      }
      await clock.sleep(RECONNECT_MS[Math.min(failures, RECONNECT_MS.length - 1)] ?? 0, closing.signal);
    }
  }

  const listening = listen();
  return {
    ring(topic) {
      local.ring(topic);
      if (closing.signal.aborted) return;
      gathered.add(topic);
      sending ??= send();
    },
    listen(topic, listener) {
      listened.set(topic, (listened.get(topic) ?? 0) + 1);
      const deafen = local.listen(topic, listener);
      let heardOf = true;
      return () => {
        deafen();
        if (!heardOf) return;
        heardOf = false;
        const left = (listened.get(topic) ?? 1) - 1;
        if (left > 0) listened.set(topic, left);
        else listened.delete(topic);
      };
    },
    async close() {
      closing.abort();
      await Promise.all([listening, sending]);
    },
  };
}
