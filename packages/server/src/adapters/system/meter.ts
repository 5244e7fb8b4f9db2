import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Log } from '../../ports/log.ts';
import {
  COUNTERS,
  type Counter as CounterName,
  type Meter,
  TIMERS,
  type Timer as TimerName,
} from '../../ports/meter.ts';

/** A meter whose numbers can be read in Prometheus' text format. */
export interface PrometheusMeter extends Meter {
  render(): Promise<string>;
  /** The media type of what `render` gives. */
  readonly contentType: string;
  /** Stops watching the event loop. */
  close(): void;
}

export interface MeterParts {
  /** Asked at each `render`. */
  readonly videosByStatus: () => Promise<Readonly<Record<string, number>>>;
  /** Asked at each `render`. */
  readonly backends?: () => Promise<readonly { readonly name: string; readonly state: string }[]>;
  readonly log: Log;
}

/** The labels each metric has. prom-client wants them beforehand, so that nobody makes up a series by a typing error. */
const LABELS = {
  inbetween_videos_created_total: ['model', 'dialect'],
  inbetween_videos_finished_total: ['status', 'code'],
  inbetween_attempts_total: ['backend'],
  inbetween_upstream_unknown_words_total: ['backend'],
  inbetween_attempt_faults_total: ['backend', 'code'],
  inbetween_stops_total: ['backend', 'answer'],
  inbetween_videos_without_files_total: [],
  inbetween_refused_creates_total: ['limit', 'holder'],
  inbetween_stale_writes_total: ['lane'],
  inbetween_lane_errors_total: ['lane'],
  inbetween_fetches_total: ['outcome'],
  inbetween_moderations_total: ['outcome'],
  inbetween_webhook_tries_total: ['outcome'],
  inbetween_admission_seconds: [],
  inbetween_queue_seconds: ['backend'],
  inbetween_attempt_seconds: ['backend'],
  inbetween_http_request_seconds: ['route', 'method', 'status'],
} as const satisfies Record<CounterName | TimerName, readonly string[]>;

/** From a status call to a long render; the widest stretch between two bounds is a factor of three. */
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600];

/** Counts and times in a registry of its own: nothing global, so that two servers in one test count apart. */
export function createMeter({ videosByStatus, backends, log }: MeterParts): PrometheusMeter {
  const registry = new Registry();
  const loop = monitorEventLoopDelay({ resolution: 20 });
  loop.enable();
  const counters = new Map(
    names(COUNTERS).map((name) => [
      name,
      new Counter({ name, help: COUNTERS[name], labelNames: [...LABELS[name]], registers: [registry] }),
    ]),
  );
  const timers = new Map(
    names(TIMERS).map((name) => [
      name,
      new Histogram({
        name,
        help: TIMERS[name],
        labelNames: [...LABELS[name]],
        buckets: SECONDS,
        registers: [registry],
      }),
    ]),
  );
  watchVideos(registry, videosByStatus, log);
  if (backends !== undefined) watchBackends(registry, backends, log);
  watchProcess(registry, loop);

  const warned = new Set<string>();
  /** Labels that are not declared are dropped: a wrong label is our bug, and must not become the failure of a video. */
  function known(
    name: CounterName | TimerName,
    labels: Readonly<Record<string, string>>,
  ): Readonly<Record<string, string>> {
    const declared: readonly string[] = LABELS[name];
    const given = Object.keys(labels);
    if (given.every((label) => declared.includes(label))) return labels;
    if (!warned.has(name)) {
      warned.add(name);
      const unknown = given.filter((label) => !declared.includes(label));
      log.warn({ metric: name, labels: unknown }, 'a metric was given labels it does not have');
    }
    return Object.fromEntries(Object.entries(labels).filter(([label]) => declared.includes(label)));
  }

  return {
    count: (name, labels = {}, by = 1) => counters.get(name)?.inc(known(name, labels), by),
    observe: (name, seconds, labels = {}) => timers.get(name)?.observe(known(name, labels), seconds),
    render: () => registry.metrics(),
    contentType: registry.contentType,
    close: () => void loop.disable(),
  };
}

function watchVideos(registry: Registry, videosByStatus: MeterParts['videosByStatus'], log: Log): void {
  new Gauge({
    name: 'inbetween_videos',
    help: 'Videos by status, deleted ones left out',
    labelNames: ['status'],
    registers: [registry],
    async collect() {
      this.reset();
      try {
        for (const [status, count] of Object.entries(await videosByStatus())) this.set({ status }, count);
      } catch (error) {
        // While the store is down the other numbers are wanted most.
        log.warn({ error }, 'videos could not be counted for the metrics');
      }
    },
  });
}

function watchBackends(registry: Registry, backends: NonNullable<MeterParts['backends']>, log: Log): void {
  new Gauge({
    name: 'inbetween_backend_state',
    help: 'What the operator says of a backend: 1 for its state (open, paused or draining)',
    labelNames: ['backend', 'state'],
    registers: [registry],
    async collect() {
      this.reset();
      try {
        for (const { name, state } of await backends()) this.set({ backend: name, state }, 1);
      } catch (error) {
        log.warn({ error }, 'states of backends could not be read for the metrics');
      }
    },
  });
}

/** Named as every Prometheus client for Node names them, so that ready-made dashboards work. */
function watchProcess(registry: Registry, loop: ReturnType<typeof monitorEventLoopDelay>): void {
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read());
      },
    });
  const start = Date.now() / 1000 - process.uptime();
  gauge('process_resident_memory_bytes', 'Resident memory of the server, without its children', () =>
    process.memoryUsage.rss(),
  );
  gauge('process_start_time_seconds', 'When the process started, in seconds since 1970', () => start);
  gauge('nodejs_eventloop_lag_mean_seconds', 'Mean delay of the event loop since the last reading', () =>
    lag(loop.mean),
  );
  gauge('nodejs_eventloop_lag_p99_seconds', '99th percentile of that delay', () => lag(loop.percentile(99)));
  gauge('nodejs_eventloop_lag_max_seconds', 'Longest such delay', () => {
    const longest = lag(loop.max);
    // Read last of the three (metrics are collected in the order they were made), then begin anew.
    loop.reset();
    return longest;
  });
}

/** Nanoseconds to seconds; before the first sample the histogram answers NaN or its own huge start value. */
function lag(nanoseconds: number): number {
  return Number.isFinite(nanoseconds) && nanoseconds < 1e12 ? Math.max(0, nanoseconds / 1e9) : 0;
}

function names<Name extends string>(table: Readonly<Record<Name, string>>): readonly Name[] {
  return Object.keys(table) as Name[];
}
